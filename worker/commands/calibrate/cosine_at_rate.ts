/** Finds the similarity that a calibration gives for a false match rate. */

import type { Calibration } from "../../../models/calibration.ts";
import { falseMatchRate } from "../../gallery/confidence.ts";

/**
 * Returns the smallest cosine whose false match rate is at most `rate`. It is the inverse of
 * {@linkcode falseMatchRate}.
 *
 * @param rate Above 0, below 1
 * @returns Cosine, −1 to 1; 1 when no cosine is high enough
 */
export function cosineAtRate(rate: number, calibration: Calibration): number {
  let above = -1, reached = 1;
  for (;;) {
    const middle = (above + reached) / 2;
    if (middle <= above || middle >= reached) return reached;
    if (falseMatchRate(middle, calibration) > rate) above = middle;
    else reached = middle;
  }
}
