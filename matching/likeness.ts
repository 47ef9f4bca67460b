/** Decides if two photos may show the same person. */

import type { Calibration } from "../models/calibration.ts";
import { falseMatchRate } from "./confidence.ts";

/** Share of strangers' photos that resemble a photo enough to be enrolled with it. */
const MAX_FALSE_MATCH_RATE = 0.01;
/** Smallest cosine of two photos of one person, for a model without a calibration. */
const UNCALIBRATED_COSINE = 0.3;

/** True when two photos with this cosine may show the same person. */
export type Likeness = (cosine: number) => boolean;

/**
 * Returns the rule for two photos of one person. The rule is much weaker than that for a match: it
 * accepts almost every pair of photos of one person, and 1 in 100 pairs of two people.
 *
 * @param calibration Calibration of the recognition model, if it has one
 */
export function createLikeness(calibration: Calibration | undefined): Likeness {
  if (calibration === undefined) return (similarity) => similarity >= UNCALIBRATED_COSINE;
  return (similarity) => falseMatchRate(similarity, calibration) <= MAX_FALSE_MATCH_RATE;
}
