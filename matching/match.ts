/** Finds the user of a gallery who is most similar to a probe. */

import { type Gallery, type User, userVector } from "./gallery.ts";
import { compare, findNearest } from "./nearest.ts";
import { RoundedVectors } from "./rounded.ts";
import { createFastScan, MANY_USERS, type Scan, scanByLoop } from "./scan.ts";

/** A comparison of a probe with one or more users. */
export interface Comparison {
  /** Highest similarity, −1 to 1: the inner product of the probe and a user's vector. */
  readonly similarity: number;
  /**
   * Number of templates of the users compared, at least 1. With more templates, a stranger is more
   * likely to be similar to a user by chance. A user's vector counts as all templates that it is
   * made of: it resembles strangers a little more often than a single template, but less often than
   * the best of these templates does.
   */
  readonly compared: number;
}

/** Similarity of a probe and the nearest user, with that of the second user. */
export interface Nearest extends Comparison {
  /** Highest similarity with another user; undefined when no other user was compared. */
  readonly runnerUp: number | undefined;
}

/** The user nearest to a probe. */
export interface NearestUser extends Nearest {
  /** The user whose vector is nearest. */
  readonly user: User;
}

/**
 * Finds the user with the highest similarity to a probe. Without a user_id it searches all users
 * (1:N). With a user_id it compares only this user (1:1).
 *
 * @param probe Embedding, L2-normalised, as long as the gallery's templates
 * @param userId The only user to compare with, in NFC; all users by default
 * @returns The nearest user; when several users are equally near, one of them. undefined when there
 * is no user to compare with
 * @throws {RangeError} when the probe's length is not the gallery's dimension
 */
export type Matcher = (probe: Float32Array, userId?: string) => NearestUser | undefined;

/**
 * Makes a matcher for a gallery. It keeps a rounded copy of the vectors.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const findNearest = createMatcher({
 *   dimension: 2,
 *   users: [{ userId: "alice", name: "Alice" }, { userId: "bob", name: "Bob" }],
 *   indexOf: new Map([["alice", 0], ["bob", 1]]),
 *   templateCounts: [1, 1],
 *   segments: [{ first: 0, vectors: Float32Array.of(1, 0, 0, 1) }],
 *   size: 2,
 * });
 * const probe = Float32Array.of(0, 1);
 * assertEquals(findNearest(probe)?.user.name, "Bob");
 * assertEquals(findNearest(probe, "alice")?.similarity, 0);
 * assertEquals(findNearest(probe, "carol"), undefined);
 * ```
 *
 * @param gallery Gallery to search
 * @param scan Finds the nearest vectors of a segment; by default the fastest scan for the gallery's
 * size
 */
export function createMatcher(gallery: Gallery, scan: Scan = fastestScan(gallery)): Matcher {
  const { dimension, users, indexOf, templateCounts, size } = gallery;
  const segments = gallery.segments.map((segment) => {
    return { ...segment, rounded: RoundedVectors.of(segment.vectors, dimension) };
  });
  const findInAll = (probe: Float32Array): NearestUser | undefined => {
    const nearest = findNearest(segments, probe, scan);
    if (nearest === undefined) return undefined;
    const { index, similarity, runnerUp } = nearest;
    return { user: users[index]!, similarity, compared: size, runnerUp };
  };
  const compareWith = (probe: Float32Array, index: number): NearestUser | undefined => {
    const similarity = compare(userVector(gallery, index), probe);
    if (similarity === undefined) return undefined;
    return {
      user: users[index]!,
      similarity,
      compared: templateCounts[index]!,
      runnerUp: undefined,
    };
  };
  return (probe, userId) => {
    if (probe.length !== dimension) {
      throw new RangeError(`The probe has ${probe.length} numbers instead of ${dimension}`);
    }
    if (userId === undefined) return findInAll(probe);
    const index = indexOf.get(userId);
    return index === undefined ? undefined : compareWith(probe, index);
  };
}

const fastestScan = ({ users }: Gallery): Scan =>
  users.length < MANY_USERS ? scanByLoop : createFastScan();
