/** Finds the similarity that is needed for a confidence or a rate of false matches. */

import type { Calibration } from "../../../models/calibration.ts";
import {
  confidence,
  falseMatchRate,
  falsePositiveIdentificationRate,
} from "../../../matching/confidence.ts";
import { lowestSimilarity } from "../lowest_similarity.ts";

/**
 * Returns the smallest similarity that has a confidence of at least `threshold`. It is the inverse
 * of {@linkcode confidence}.
 *
 * @param threshold Confidence, 0 to 1
 * @param compared Number of templates that a probe is compared with
 * @param calibration Calibration of the recognition model
 * @returns Cosine, −1 to 1; Infinity when no similarity is enough
 */
export function similarityThreshold(
  threshold: number,
  compared: number,
  calibration: Calibration,
): number {
  return lowestSimilarity((cosine) => confidence(cosine, compared, calibration) >= threshold);
}

/**
 * Returns the smallest similarity at which the calibration promises an FPIR of at most `fpir`.
 *
 * @param fpir Share of the strangers who are accepted, 0 to 1
 * @param compared Number of templates that a probe is compared with
 * @param calibration Calibration of the recognition model
 * @returns Cosine, −1 to 1; Infinity when no similarity is enough
 */
export function similarityForFpir(
  fpir: number,
  compared: number,
  calibration: Calibration,
): number {
  return lowestSimilarity((cosine) =>
    falsePositiveIdentificationRate(falseMatchRate(cosine, calibration), compared) <= fpir
  );
}
