/** Compares the photos of each person with the photos of all others, in bounded memory. */

import { dot } from "../vector.ts";
import { TopPairs } from "./top_pairs.ts";

/** The embeddings of each person's photos, L2-normalised; undefined for a refused photo. */
export type LabelledEmbeddings = readonly (readonly (Float32Array | undefined)[])[];

/** Number of the bins between the cosines −1 and 1. Each is 3e-5 wide. */
const BINS = 65_536;

/** Photos in one block. The embeddings of two blocks fit into the cache of a processor. */
const BLOCK = 64;

/** The highest cosines are kept exactly: at least this many, and this share of all. */
const MIN_KEPT = 20_000;
const KEPT_SHARE = 0.012;
const MAX_KEPT = 1_000_000;

/**
 * The cosines of all pairs of accepted photos of two people. The highest are kept one by one, and
 * the others are counted in bins. So the memory does not grow with the number of pairs.
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
  /** Number of pairs in each bin. Bin i has the cosines from 2i/n − 1 up to the next bin, n bins. */
  readonly bins: Uint32Array;
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

/** Pairs of photos: cosines, and the indexes of both photos among all accepted photos. */
export interface StrangerPairs {
  readonly cosines: Float64Array;
  readonly first: Uint32Array;
  readonly second: Uint32Array;
}

/**
 * Compares every accepted photo with those of all other people.
 *
 * @param people Embeddings of one length
 * @param kept Number of pairs to keep exactly (default: 1.2 % of all, 20,000 to 1,000,000)
 */
export function strangerCosines(people: LabelledEmbeddings, kept?: number): StrangerCosines {
  const accepted = people.map((photos) => photos.filter((photo) => photo !== undefined));
  const photosOf = Uint32Array.from(accepted, ({ length }) => length);
  const owners = Uint32Array.from(accepted.flatMap((photos, owner) => photos.map(() => owner)));
  const pairs = countPairs(photosOf);
  const size = kept ?? Math.min(Math.max(MIN_KEPT, Math.ceil(pairs * KEPT_SHARE)), MAX_KEPT);
  const top = new TopPairs(Math.min(size, pairs));
  const bins = new Uint32Array(BINS);
  comparePhotos(accepted.flat(), owners, bins, top);
  const kepts = top.sorted();
  const reaching = sumFromAbove(bins);
  const highest = kepts.cosines[0] ?? -1;
  const lowestKept = kepts.cosines.at(-1) ?? Infinity;
  return {
    pairs,
    highest,
    photosOf,
    owners,
    top: kepts,
    bins,
    countAtLeast: (cosine) =>
      cosine > lowestKept ? countReaching(kepts.cosines, cosine) : reaching[binOf(cosine)]!,
    reachedBy(share) {
      const allowed = Math.floor(share * pairs * (1 + 1e-12));
      if (allowed > kepts.cosines.length) return undefined;
      // Of several pairs with the same cosine, all reach it.
      let count = allowed;
      while (count > 0 && kepts.cosines[count] === kepts.cosines[count - 1]) count--;
      return kepts.cosines[count - 1];
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

/** Returns the index of the bin of a cosine. A cosine beyond ±1, by rounding, counts as ±1. */
function binOf(cosine: number): number {
  return Math.min(Math.max(Math.floor((cosine + 1) / 2 * BINS), 0), BINS - 1);
}

function comparePhotos(
  photos: readonly Float32Array[],
  owners: Uint32Array,
  bins: Uint32Array,
  top: TopPairs,
): void {
  const dimension = photos[0]?.length ?? 0;
  const vectors = new Float32Array(photos.length * dimension);
  photos.forEach((photo, i) => {
    if (photo.length !== dimension) {
      throw new RangeError(`Embeddings of ${dimension} and ${photo.length} numbers are mixed`);
    }
    vectors.set(photo, i * dimension);
  });
  for (let rows = 0; rows < photos.length; rows += BLOCK) {
    for (let columns = rows; columns < photos.length; columns += BLOCK) {
      const lastRow = Math.min(rows + BLOCK, photos.length);
      const lastColumn = Math.min(columns + BLOCK, photos.length);
      for (let a = rows; a < lastRow; a++) {
        const probe = vectors.subarray(a * dimension, (a + 1) * dimension);
        for (let b = Math.max(columns, a + 1); b < lastColumn; b++) {
          if (owners[a] === owners[b]) continue;
          const cosine = dot(vectors, b * dimension, probe);
          bins[binOf(cosine)]!++;
          if (cosine > top.floor) top.add(cosine, a, b);
        }
      }
    }
  }
}

/** Returns the number of pairs in each bin and all bins above it. */
function sumFromAbove(bins: Uint32Array): Float64Array {
  const sums = new Float64Array(bins.length);
  let sum = 0;
  for (let i = bins.length - 1; i >= 0; i--) sums[i] = sum += bins[i]!;
  return sums;
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
