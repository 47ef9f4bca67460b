/** Computes how often a stranger is accepted in a search of a gallery. */

import type { StrangerCosines } from "../strangers/stranger_cosines.ts";
import { chanceOfNoMatch, type StrangerMatches } from "../strangers/stranger_matches.ts";

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
    const found = 1 - chanceOfNoMatch(people, weights, others, size);
    accepted += weights[person]! * found / photosOf[person]!;
  }
  return present - 1 < size ? undefined : accepted / present;
}
