/** Computes error rates of people of whom each counts a number of times. */

import type { StrangerCosines } from "../strangers/stranger_cosines.ts";

/**
 * Returns the number of pairs of photos of two people. A person who counts twice is two people whose
 * photos are not compared with each other.
 */
export function weightedPairs({ photosOf }: StrangerCosines, weights: Float64Array): number {
  let all = 0, same = 0;
  photosOf.forEach((photos, person) => {
    const weighted = weights[person]! * photos;
    all += weighted;
    same += weighted ** 2;
  });
  return (all ** 2 - same) / 2;
}

/**
 * Returns the share of the pairs of two people that reach a cosine.
 *
 * @returns undefined when there is no pair, or when the cosine is not above that of the last of the
 * top pairs
 */
export function falseMatchShare(
  strangers: StrangerCosines,
  weights: Float64Array,
  cosine: number,
): number | undefined {
  const { top: { cosines, first, second }, owners } = strangers;
  const pairs = weightedPairs(strangers, weights);
  const areAllKept = cosines.length === strangers.pairs;
  if (pairs === 0 || !(areAllKept || cosine > cosines.at(-1)!)) return undefined;
  let reached = 0;
  for (let i = 0; i < cosines.length && cosines[i]! >= cosine; i++) {
    reached += weights[owners[first[i]!]!]! * weights[owners[second[i]!]!]!;
  }
  return reached / pairs;
}

/**
 * Returns, for each share, the smallest measured cosine that at most this share of the pairs of two
 * people reach. It is undefined when the share is less than one pair.
 *
 * @param shares Descending, 0 to 1; of the first, the top pairs contain enough
 */
export function cosinesReachedBy(
  strangers: StrangerCosines,
  weights: Float64Array,
  shares: readonly number[],
): (number | undefined)[] {
  const { top: { cosines, first, second }, owners } = strangers;
  const pairs = weightedPairs(strangers, weights);
  const allowed = shares.map((share) => share * pairs * (1 + 1e-12));
  const reached: (number | undefined)[] = shares.map(() => undefined);
  let sum = 0, undecided = shares.length;
  for (let i = 0; i < cosines.length && undecided > 0; i++) {
    sum += weights[owners[first[i]!]!]! * weights[owners[second[i]!]!]!;
    // Of several pairs with the same cosine, all reach it.
    if (cosines[i + 1] === cosines[i]) continue;
    while (undecided > 0 && sum > allowed[undecided - 1]!) undecided--;
    if (sum > 0) { for (let s = 0; s < undecided; s++) reached[s] = cosines[i]; }
  }
  return reached;
}

/**
 * Returns the FRR in which each person counts alike: the mean over people of the share of a person's
 * pairs that are below the cosine.
 *
 * @param genuineOf Cosines of each person's pairs, ascending; a person without a pair does not count
 * @returns undefined when nobody has a pair
 */
export function balancedRejection(
  genuineOf: readonly Float64Array[],
  weights: Float64Array,
  cosine: number,
): number | undefined {
  let rejected = 0, people = 0;
  genuineOf.forEach((cosines, person) => {
    const weight = weights[person]!;
    if (weight === 0 || cosines.length === 0) return;
    people += weight;
    rejected += weight * countBelow(cosines, cosine) / cosines.length;
  });
  return people === 0 ? undefined : rejected / people;
}

/** Counts the cosines below a bound, by bisection; the cosines are ascending. */
export function countBelow(cosines: Float64Array, bound: number): number {
  let low = 0, high = cosines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cosines[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
