/** Computes the score of a comparison. The score is compared with the threshold. */

import type { Calibration } from "../models/calibration.ts";
import { confidence } from "./confidence.ts";
import type { Comparison } from "./match.ts";

/** Rule for a match, as it is configured. */
export interface MatchConfig {
  /** Value that the threshold is compared with: the calibrated confidence, or the raw cosine. */
  readonly on: "confidence" | "cosine";
  /** Above 0, up to 1. */
  readonly threshold: number;
}

/** Returns the score of a comparison, 0 to 1. */
export type Score = (comparison: Comparison) => number;

/** Error: confidences are needed, but the recognition model has no calibration. */
export class NotCalibratedError extends Error {
  /** Name of the class. */
  override readonly name = "NotCalibratedError";
}

/**
 * Returns the function that computes a score from a similarity.
 *
 * @param on `confidence` for the calibrated confidence, `cosine` for the cosine itself
 * @param calibration Calibration of the recognition model, if it has one
 * @throws {NotCalibratedError} when `on` is `confidence` and there is no calibration
 */
export function chooseScore(
  on: MatchConfig["on"],
  calibration: Calibration | undefined,
): Score {
  if (on === "cosine") return ({ similarity }) => Math.max(similarity, 0);
  if (calibration === undefined) {
    throw new NotCalibratedError(
      'The recognition model has no calibration: set MODEL_CALIBRATION ("deno task calibrate" ' +
        "prints one) or MATCH_ON=cosine",
    );
  }
  return ({ similarity, compared }) => confidence(similarity, compared, calibration);
}
