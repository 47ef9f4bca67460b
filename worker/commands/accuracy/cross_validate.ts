/** Measures error rates on people who were not used for the calibration. */

import { fitCalibration } from "../calibrate/calibrate.ts";
import { similarityThreshold } from "./similarity_threshold.ts";
import {
  comparePairs,
  falseAcceptanceRate,
  falseRejectionRate,
  type LabelledEmbeddings,
} from "./evaluate.ts";

/**
 * Error rates over both halves of the people. Each half is tested with the calibration of the other
 * half.
 */
export interface CrossValidation {
  /** False rejection rate, 0 to 1. */
  readonly frr: number;
  /** False acceptance rate, 0 to 1. */
  readonly far: number;
  /** Cosine that a match needed in the second half, then that in the first half. */
  readonly thresholds: readonly number[];
}

/**
 * Calibrates on the first half of the people and tests on the second half. Then exchanges the
 * halves.
 *
 * @param people People; the list is divided in its middle
 * @param confidence Smallest confidence of a match, when one template is compared
 * @throws {CalibrationError} when half of the people are too few to calibrate on
 * @throws {RangeError} when a half has no pair of one person or no pair of two people
 */
export function crossValidate(people: LabelledEmbeddings, confidence: number): CrossValidation {
  const middle = Math.floor(people.length / 2);
  const first = people.slice(0, middle), second = people.slice(middle);
  const thresholds: number[] = [];
  let rejected = 0, genuinePairs = 0, accepted = 0, impostorPairs = 0;
  for (const [seen, unseen] of [[first, second], [second, first]] as const) {
    const { calibration } = fitCalibration(seen.map((photos) => photos.filter(isAccepted)));
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

const isAccepted = (embedding: Float32Array | undefined): embedding is Float32Array =>
  embedding !== undefined;
