/** Finds the strangers whom photos match, and computes how often a gallery has one of them. */

import type { StrangerCosines } from "./stranger_cosines.ts";

/** For each accepted photo: the other people whose photos it matches. */
export type StrangerMatches = readonly (readonly PersonMatch[])[];

interface PersonMatch {
  readonly person: number;
  /** Share of the person's photos that match, above 0 and at most 1. */
  readonly share: number;
}

/**
 * Finds the people whom each photo matches.
 *
 * @param cosine Smallest cosine of a match
 * @returns undefined when the top pairs are not all pairs that reach the cosine
 */
export function findStrangerMatches(
  { top, owners, photosOf, pairs }: StrangerCosines,
  cosine: number,
): StrangerMatches | undefined {
  if (top.cosines.length < pairs && cosine <= top.cosines.at(-1)!) return undefined;
  const matched = Array.from(owners, () => new Map<number, number>());
  const add = (photo: number, other: number) => {
    const person = owners[other]!;
    matched[photo]!.set(person, (matched[photo]!.get(person) ?? 0) + 1);
  };
  for (let i = 0; i < top.cosines.length && top.cosines[i]! >= cosine; i++) {
    add(top.first[i]!, top.second[i]!);
    add(top.second[i]!, top.first[i]!);
  }
  return matched.map((people) =>
    Array.from(people, ([person, count]) => ({ person, share: count / photosOf[person]! }))
  );
}

/**
 * Returns the chance that no template of a random gallery matches.
 *
 * @param shares For each person with a matching photo, the share of that person's photos that match
 * @param people Number of people from whom the gallery is drawn, at least `size`
 * @param size Number of people in the gallery, with one photo each
 */
export function chanceOfNoHit(shares: readonly number[], people: number, size: number): number {
  // ways[k]: the sum over all choices of k of these people that their photos do not match.
  let ways = [1];
  for (const share of shares) {
    ways = [...ways, 0].map((value, k) => value + (k > 0 ? ways[k - 1]! * (1 - share) : 0));
  }
  // The chance that exactly k given people are in the gallery, and the other given people are not.
  const given = shares.length;
  let chance = 0;
  ways.forEach((value, k) => {
    if (k > size || given - k > people - size) return;
    let share = 1;
    for (let i = 0; i < k; i++) share *= (size - i) / (people - i);
    for (let i = 0; i < given - k; i++) share *= (people - size - i) / (people - k - i);
    chance += value * share;
  });
  return chance;
}
