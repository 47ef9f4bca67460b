/** Computes how often a stranger's photo matches a template of a random gallery. */

import type { StrangerCosines } from "./stranger_cosines.ts";
import { chanceOfNoHit, type StrangerMatches } from "./stranger_matches.ts";

/** A photo that matches photos of other people, and its search in random galleries. */
export interface SearchedPhoto {
  /** Index of the person in the photo. */
  readonly owner: number;
  /**
   * Chance that the photo matches a template of a gallery.
   *
   * @param weights Number of times that each person counts. With everybody once, the chance is that
   * of all galleries. Otherwise it is a linear estimate, whose mean over draws of the people is the
   * chance of all galleries; it can be above 1. A count of copies of people would be too low: in a
   * gallery of nearly everybody, a person who counts twice is found only once.
   * @param others Sum of the weights of all people but the owner
   */
  found(weights: ArrayLike<number>, others: number): number;
}

/**
 * Searches each photo in all galleries that have one photo each of `size` other people.
 *
 * @returns The photos that match anybody; undefined when there are not enough people for a gallery
 */
export function searchGalleries(
  { photosOf, owners }: StrangerCosines,
  matches: StrangerMatches,
  size: number,
): SearchedPhoto[] | undefined {
  const others = photosOf.filter((photos) => photos > 0).length - 1;
  if (others < size) return undefined;
  return matches.flatMap((people, photo): SearchedPhoto[] => {
    if (people.length === 0) return [];
    const shares = people.map(({ share }) => share);
    const noneFound = chanceOfNoHit(shares, others, size);
    // The chance that this person is found, and nobody else.
    const alone = people.map((_, i) =>
      chanceOfNoHit(shares.filter((_, j) => j !== i), others, size) - noneFound
    );
    return [{
      owner: owners[photo]!,
      found(weights, weightOfOthers) {
        const scale = weightOfOthers > 0 ? others / weightOfOthers : 0;
        return people.reduce(
          (sum, { person }, i) => sum + (weights[person]! * scale - 1) * alone[i]!,
          1 - noneFound,
        );
      },
    }];
  });
}
