/** Finds photos that may be in the folder of a wrong person. A person must judge them. */

import { falseMatchRate } from "../../../matching/confidence.ts";
import { cosine } from "../../../matching/vector.ts";
import type { CosineHistogram } from "../strangers/cosine_histogram.ts";
import type { StrangerCosines } from "../strangers/stranger_cosines.ts";
import { fitTail } from "./fit_tail.ts";

/**
 * Number of pairs of strangers that the calibration expects to be as similar as a pair that is
 * listed. So about one pair of real strangers is listed.
 */
const EXPECTED_PAIRS = 1;

/**
 * Smallest number of pairs beyond each cosine of the fit. Wrong names spoil the highest cosines
 * first, so this fit must not depend on them.
 */
const ROBUST_PAIRS_BEYOND = 1_000;

/** A photo is listed when a stranger is as similar to the person's other photos with this chance. */
const STRANGER_CHANCE = 0.02;

/** Two photos of different people. */
export interface StrangerPair {
  readonly cosine: number;
  /** Index of the first person, and of the embedding among that person's embeddings. */
  readonly a: readonly [person: number, embedding: number];
  /** The same for the second person. */
  readonly b: readonly [person: number, embedding: number];
}

/** A photo that looks like nobody of its name. */
export interface StrangePhoto {
  readonly person: number;
  /** Index of the embedding among the person's embeddings. */
  readonly embedding: number;
  /** Highest cosine to the person's other photos. */
  readonly cosine: number;
}

/**
 * Finds pairs of people who look like one person. Among so many pairs of strangers, at most one is
 * expected to be this similar by chance.
 *
 * @param strangers Result of `strangerCosines`
 * @returns The most similar photos of each such pair of people, the most similar pair first
 */
export function findSamePeople({ histogram, top, owners }: StrangerCosines): StrangerPair[] {
  const calibration = fitTail(histogram, ROBUST_PAIRS_BEYOND) ?? fitTail(histogram);
  if (calibration === undefined) return [];
  const photoAt = (index: number) =>
    [owners[index]!, index - owners.indexOf(owners[index]!)] as const;
  const found = new Map<string, StrangerPair>();
  for (const [i, cosine] of top.cosines.entries()) {
    const expected = falseMatchRate(cosine, calibration) * histogram.total;
    if (expected > EXPECTED_PAIRS) break;
    const a = photoAt(top.first[i]!), b = photoAt(top.second[i]!);
    const people = `${a[0]} ${b[0]}`;
    if (!found.has(people)) found.set(people, { cosine, a, b });
  }
  return [...found.values()];
}

/**
 * Finds photos that are no more similar to the other photos of their person than a stranger's. Of a
 * person with two such photos, both are listed: nothing says which one is wrong.
 *
 * @param people The embeddings of each person, L2-normalised, all of one length
 * @param strangers Cosines of strangers
 * @returns The least similar photo first
 */
export function findStrangePhotos(
  people: readonly (readonly Float32Array[])[],
  strangers: CosineHistogram,
): StrangePhoto[] {
  const chances = new StrangerChances(strangers);
  return people.flatMap((embeddings, person) =>
    embeddings.flatMap((embedding, i): StrangePhoto[] => {
      const others = embeddings.filter((_, other) => other !== i);
      if (others.length === 0) return [];
      const highest = Math.max(...others.map((other) => cosine(embedding, other)));
      const chance = chances.ofBest(highest, others.length);
      return chance > STRANGER_CHANCE ? [{ person, embedding: i, cosine: highest }] : [];
    })
  ).toSorted((a, b) => a.cosine - b.cosine);
}

/** Chances that a stranger reaches a cosine. */
class StrangerChances {
  readonly #strangers: CosineHistogram;
  /** No cosine above this one is likely for a stranger. Most photos of one person are above it. */
  readonly #likely: number;

  constructor(strangers: CosineHistogram) {
    this.#strangers = strangers;
    this.#likely = strangers.exceededBy(STRANGER_CHANCE / 1_000);
  }

  /** Returns the chance that the best of several comparisons with a stranger reaches a cosine. */
  ofBest(cosine: number, comparisons: number): number {
    if (cosine > this.#likely) return 0;
    const share = this.#strangers.countBeyond(cosine) / this.#strangers.total;
    return 1 - (1 - share) ** comparisons;
  }
}
