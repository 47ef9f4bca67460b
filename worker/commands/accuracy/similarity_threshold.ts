/** Finds the similarity that is needed for a confidence. */

import type { Calibration } from "../../../models/calibration.ts";
import { confidence } from "../../gallery/confidence.ts";

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
  const reaches = (similarity: number) =>
    confidence(similarity, compared, calibration) >= threshold;
  let below = -1, reached = 1;
  if (!reaches(reached)) return Infinity;
  if (reaches(below)) return below;
  for (;;) {
    const middle = (below + reached) / 2;
    if (middle <= below || middle >= reached) return reached;
    if (reaches(middle)) reached = middle;
    else below = middle;
  }
}
