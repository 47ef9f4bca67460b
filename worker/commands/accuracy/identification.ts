/** Computes how often a stranger is accepted in a search of a gallery. */

import { searchGalleries } from "../strangers/gallery_search.ts";
import type { StrangerCosines } from "../strangers/stranger_cosines.ts";
import type { StrangerMatches } from "../strangers/stranger_matches.ts";

/** Computes the FPIR of people of whom each counts a number of times. */
export type IdentificationRate = (weights: Float64Array) => number;

/**
 * Returns the FPIR (false positive identification rate): the chance that a photo of somebody who is
 * not in the gallery matches a template. The gallery has one photo each of `size` other people. The
 * result is the mean over all such galleries, over each person's photos, and then over the people.
 *
 * @returns A function of the weights, with a result of 0 to 1; undefined when there are too few
 * people. Its mean over draws of the people is the rate with everybody once
 */
export function falsePositiveIdentification(
  strangers: StrangerCosines,
  matches: StrangerMatches,
  size: number,
): IdentificationRate | undefined {
  const { photosOf } = strangers;
  const searched = searchGalleries(strangers, matches, size);
  if (searched === undefined) return undefined;
  return (weights) => {
    const present = photosOf.reduce((sum, n, person) => sum + (n > 0 ? weights[person]! : 0), 0);
    const accepted = searched.reduce((sum, photo) => {
      const weight = weights[photo.owner]!;
      if (weight === 0) return sum;
      return sum + weight * photo.found(weights, present - weight) / photosOf[photo.owner]!;
    }, 0);
    return Math.min(accepted / present, 1);
  };
}
