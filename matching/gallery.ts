/** The gallery in memory: all users that the service can recognise. */

/** A person in the gallery. */
export interface User {
  /** Unique in the gallery. */
  readonly userId: string;
  /** Name that people read. */
  readonly name: string;
}

/** The vectors of users who follow one another in {@linkcode Gallery.users}. */
export interface Segment {
  /** Index of the first user in {@linkcode Gallery.users}. */
  readonly first: number;
  /**
   * The vector of each user, one after another. Its length is 1, or less when the user's templates
   * disagree. The array is at the start of its buffer.
   */
  readonly vectors: Float32Array;
}

/** All users, each with one vector that is fused of the user's templates. */
export interface Gallery {
  /** Length of an embedding. */
  readonly dimension: number;
  /** All users; each is in the list once. */
  readonly users: readonly User[];
  /** For each user_id, its index in `users`. */
  readonly indexOf: ReadonlyMap<string, number>;
  /** Number of templates of each user. */
  readonly templateCounts: readonly number[];
  /** The vectors of all users, in the order of `users`. */
  readonly segments: readonly Segment[];
  /** Number of templates of all users. */
  readonly size: number;
}

/**
 * Returns the vector of a user. It shares its buffer with the gallery.
 *
 * @param index Index of the user in {@linkcode Gallery.users}
 */
export function userVector(
  { segments, dimension }: Pick<Gallery, "segments" | "dimension">,
  index: number,
): Float32Array {
  const { first, vectors } = segments.findLast((segment) => segment.first <= index)!;
  return vectors.subarray((index - first) * dimension, (index - first + 1) * dimension);
}
