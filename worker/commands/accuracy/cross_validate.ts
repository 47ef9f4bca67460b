/** Error rates on people whom the calibration has not seen. */

import { fitCalibration } from "../calibrate/calibrate.ts";
import { comparePairs, falseAcceptanceRate, falseRejectionRate, type Photos } from "./evaluate.ts";
import { similarityThreshold } from "./similarity_threshold.ts";

/** Error rates of two halves, each tested with the calibration of the other, pooled. */
export interface CrossValidation {
  /** 0 to 1. */
  readonly frr: number;
  /** 0 to 1. */
  readonly far: number;
  /** The cosines that the confidence asked for: for the second half, then for the first. */
  readonly thresholds: readonly number[];
}

/**
 * Calibrates on the first half of the people and tests on the other, and the other way round.
 *
 * @param people In the order in which they are halved
 * @param confidence Least confidence that is a match, at one template compared
 * @throws {CalibrationError} when half of the people are too few to calibrate on
 * @throws {RangeError} when a half has no pair of one person, or none of two
 */
export function crossValidate(people: Photos, confidence: number): CrossValidation {
  const middle = Math.floor(people.length / 2);
  const first = people.slice(0, middle), second = people.slice(middle);
  const thresholds: number[] = [];
  let rejected = 0, genuinePairs = 0, accepted = 0, impostorPairs = 0;
  for (const [seen, unseen] of [[first, second], [second, first]] as const) {
    const { calibration } = fitCalibration(seen.map((photos) => photos.filter(isUsable)));
    const threshold = similarityThreshold(confidence, 1, calibration);
    const scores = comparePairs(unseen);
    thresholds.push(threshold);
    rejected += falseRejectionRate(scores, threshold) * scores.genuinePairs;
    genuinePairs += scores.genuinePairs;
    accepted += falseAcceptanceRate(scores, threshold) * scores.impostorPairs;
    impostorPairs += scores.impostorPairs;
  }
  return { frr: rejected / genuinePairs, far: accepted / impostorPairs, thresholds };
}

const isUsable = (embedding: Float32Array | undefined): embedding is Float32Array =>
  embedding !== undefined;
