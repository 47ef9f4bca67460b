/** Compares the photos of each person with the photos of all others, in bounded memory. */

import { NO_PROGRESS, type Progress } from "../../../shared/progress.ts";
import { CosineHistogram } from "./cosine_histogram.ts";
import { compareInBlocks } from "./compare_in_blocks.ts";
import { type StrangerPairs, TopPairs } from "./top_pairs.ts";

/** The embeddings of each person's photos, L2-normalised; undefined for a refused photo. */
export type LabelledEmbeddings = readonly (readonly (Float32Array | undefined)[])[];

/** The highest cosines are kept exactly: at least this many, and this share of all. */
const MIN_KEPT = 20_000;
const KEPT_SHARE = 0.012;
/** Largest number of cosines that are kept. */
export const MAX_KEPT = 1_000_000;

/**
 * The cosines of all pairs of accepted photos of two people. The highest are kept one by one, and
 * all are counted in a histogram. So the memory does not grow with the number of pairs.
 */
export interface StrangerCosines {
  /** Number of pairs. */
  readonly pairs: number;
  /** The highest cosine; −1 when there is no pair. */
  readonly highest: number;
  /** Number of accepted photos of each person, in the given order of the people. */
  readonly photosOf: Uint32Array;
  /** The person of each accepted photo, in the given order. */
  readonly owners: Uint32Array;
  /** The pairs with the highest cosines, highest first. */
  readonly top: StrangerPairs;
  /** The cosines of all pairs. */
  readonly histogram: CosineHistogram;
  /**
   * Returns the number of pairs that reach a cosine. The number is exact for a cosine above that of
   * the last of the top pairs, and for the lower end of a bin. For other cosines, the whole bin
   * counts.
   */
  countAtLeast(cosine: number): number;
  /**
   * Returns the smallest measured cosine that at most this share of the pairs reach. Returns
   * undefined when the share is less than one pair, or more than the top pairs.
   */
  reachedBy(share: number): number | undefined;
}

/** Settings of {@linkcode strangerCosines}. */
export interface StrangerOptions {
  /** Pairs of people, by their indexes, that are not compared. */
  readonly excluded?: readonly (readonly [number, number])[];
  /** Shows the number of photos that are compared (default: nothing). */
  readonly progress?: Progress;
  /** Number of pairs to keep exactly (default: 1.2 % of all, 20,000 to 1,000,000). */
  readonly kept?: number;
}

/**
 * Compares every accepted photo with those of all other people.
 *
 * @param people Embeddings of one length
 * @throws {RangeError} when the embeddings have several lengths
 */
export function strangerCosines(
  people: LabelledEmbeddings,
  { excluded = [], progress = NO_PROGRESS, kept }: StrangerOptions = {},
): StrangerCosines {
  const accepted = people.map((photos) => photos.filter((photo) => photo !== undefined));
  const photosOf = Uint32Array.from(accepted, ({ length }) => length);
  const owners = Uint32Array.from(accepted.flatMap((photos, owner) => photos.map(() => owner)));
  const most = countPairs(photosOf);
  const size = kept ?? Math.min(Math.max(MIN_KEPT, Math.ceil(most * KEPT_SHARE)), MAX_KEPT);
  const top = new TopPairs(Math.min(size, most));
  const histogram = new CosineHistogram();
  const separate = separatePeople(excluded);
  compareInBlocks(accepted.flat(), progress, (first, second, cosine) => {
    const a = owners[first]!, b = owners[second]!;
    if (a === b || separate.get(a)?.has(b)) return;
    histogram.add(cosine);
    if (cosine > top.floor) top.add(cosine, first, second);
  });
  const { cosines, ...photos } = top.sorted();
  const pairs = histogram.total;
  const lowestKept = cosines.at(-1) ?? Infinity;
  return {
    pairs,
    highest: cosines[0] ?? -1,
    photosOf,
    owners,
    top: { cosines, ...photos },
    histogram,
    countAtLeast: (cosine) =>
      cosine > lowestKept ? countReaching(cosines, cosine) : histogram.countFromBinOf(cosine),
    reachedBy(share) {
      const allowed = Math.floor(share * pairs * (1 + 1e-12));
      if (allowed > cosines.length) return undefined;
      // Of several pairs with the same cosine, all reach it.
      let count = allowed;
      while (count > 0 && cosines[count] === cosines[count - 1]) count--;
      return cosines[count - 1];
    },
  };
}

/** Returns the number of pairs of photos of two people. */
export function countPairs(photosOf: ArrayLike<number>): number {
  let all = 0, same = 0;
  for (let i = 0; i < photosOf.length; i++) {
    all += photosOf[i]!;
    same += photosOf[i]! ** 2;
  }
  return (all ** 2 - same) / 2;
}

/** For each person of a pair: the other people of such pairs. */
function separatePeople(
  pairs: readonly (readonly [number, number])[],
): ReadonlyMap<number, ReadonlySet<number>> {
  const separate = new Map<number, Set<number>>();
  for (const [a, b] of pairs) {
    separate.set(a, (separate.get(a) ?? new Set()).add(b));
    separate.set(b, (separate.get(b) ?? new Set()).add(a));
  }
  return separate;
}

/** Counts the cosines that reach a bound, by bisection; the cosines are descending. */
function countReaching(cosines: Float64Array, bound: number): number {
  let low = 0, high = cosines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cosines[middle]! >= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
