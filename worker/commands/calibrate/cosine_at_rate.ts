/** Finds the similarity that a calibration gives for a false match rate. */

import type { Calibration } from "../../../models/calibration.ts";
import { falseMatchRate } from "../../../matching/confidence.ts";
import { lowestSimilarity } from "../lowest_similarity.ts";

/**
 * Returns the smallest cosine whose false match rate is at most `rate`. It is the inverse of
 * {@linkcode falseMatchRate}.
 *
 * @param rate Above 0, below 1
 * @returns Cosine, −1 to 1; 1 when no cosine is high enough
 */
export function cosineAtRate(rate: number, calibration: Calibration): number {
  const cosine = lowestSimilarity((cosine) => falseMatchRate(cosine, calibration) <= rate);
  return Math.min(cosine, 1);
}
