/** Computes how often a stranger is accepted in a search of a gallery. */

import type { StrangerCosines } from "../strangers/stranger_cosines.ts";

/** For each accepted photo: the other people whose photos it matches. */
export type StrangerMatches = readonly (readonly PersonMatch[])[];

interface PersonMatch {
  readonly person: number;
  /** Share of the person's photos that do not match, 0 to 1. */
  readonly missed: number;
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
    Array.from(people, ([person, count]) => ({ person, missed: 1 - count / photosOf[person]! }))
  );
}

/**
 * Returns the FPIR (false positive identification rate): the chance that a photo of somebody who is
 * not in the gallery matches a template. The gallery has one photo each of `size` other people. The
 * result is the mean over all such galleries, over each person's photos, and then over the people.
 *
 * @param weights Number of times that each person counts
 * @returns 0 to 1; undefined when there are too few people
 */
export function falsePositiveIdentification(
  { photosOf, owners }: StrangerCosines,
  matches: StrangerMatches,
  size: number,
  weights: Float64Array,
): number | undefined {
  const present = photosOf.reduce((sum, n, person) => sum + (n > 0 ? weights[person]! : 0), 0);
  let accepted = 0;
  for (const [photo, people] of matches.entries()) {
    const person = owners[photo]!;
    if (people.length === 0 || weights[person] === 0) continue;
    const others = present - weights[person]!;
    if (others < size) return undefined;
    const missed = people.flatMap(({ person, missed }) => Array(weights[person]!).fill(missed));
    accepted += weights[person]! * (1 - missAll(missed, others, size)) / photosOf[person]!;
  }
  return present - 1 < size ? undefined : accepted / present;
}

/**
 * Returns the chance that a photo matches none of `size` people who are drawn from `others` people.
 *
 * @param missed For each person whom the photo can match, the chance that it does not
 */
function missAll(missed: readonly number[], others: number, size: number): number {
  // chances[n] is the chance that n of the people so far are in the gallery, and that none matches.
  let chances = [1];
  missed.forEach((missedByPerson, decided) => {
    const next = new Array<number>(chances.length + 1).fill(0);
    chances.forEach((chance, drawn) => {
      const isDrawn = Math.min(Math.max((size - drawn) / (others - decided), 0), 1);
      next[drawn]! += chance * (1 - isDrawn);
      next[drawn + 1]! += chance * isDrawn * missedByPerson;
    });
    chances = next;
  });
  return chances.reduce((sum, chance) => sum + chance, 0);
}
