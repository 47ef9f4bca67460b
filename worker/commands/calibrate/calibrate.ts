/** Measures how a recognition model scores strangers: the calibration of its confidences. */

import { type Calibration, CalibrationSchema } from "../../../models/calibration.ts";
import { cosine } from "../../vector.ts";

/** People below which a calibration says more about them than about the model. */
export const MIN_PEOPLE = 5;

/** Pairs of strangers below which the variance of their cosines is a guess. */
export const MIN_PAIRS = 500;

/** A calibration and what it rests on. */
export interface CalibrationFit {
  /** As {@linkcode fitCalibration} measured it, not rounded. */
  readonly calibration: Calibration;
  /** People with at least one embedding. */
  readonly people: number;
  /** Embeddings of all people. */
  readonly photos: number;
  /** Pairs of embeddings of two different people. */
  readonly pairs: number;
}

/** Photos from which no calibration can be made. */
export class CalibrationError extends Error {
  /** Always "CalibrationError". */
  override readonly name = "CalibrationError";
}

/**
 * The cosine of every pair of embeddings that belong to two different people.
 *
 * @param people For each person the embeddings, all L2-normalised and of one length
 * @returns −1 to 1 each, in no particular order
 */
export function impostorCosines(people: readonly (readonly Float32Array[])[]): Float64Array {
  const cosines = new Float64Array(countImpostorPairs(people));
  let n = 0;
  people.forEach((person, i) => {
    for (const stranger of people.slice(i + 1)) {
      for (const a of person) {
        for (const b of stranger) cosines[n++] = cosine(a, b);
      }
    }
  });
  return cosines;
}

function countImpostorPairs(people: readonly (readonly unknown[])[]): number {
  let pairs = 0, seen = 0;
  for (const { length } of people) {
    pairs += seen * length;
    seen += length;
  }
  return pairs;
}

/**
 * Fits the calibration: the mean of the cosines between strangers, and one over their variance, the
 * dimension of the sphere on which random directions would vary as much (cosines between random
 * directions in d dimensions have the variance 1/d).
 *
 * @param people For each person the embeddings, all L2-normalised and of one length
 * @throws {CalibrationError} when there are fewer than {@linkcode MIN_PEOPLE} people or
 * {@linkcode MIN_PAIRS} pairs, or the result is not that of a recognition model
 */
export function fitCalibration(people: readonly (readonly Float32Array[])[]): CalibrationFit {
  const present = people.filter(({ length }) => length > 0);
  const pairs = countImpostorPairs(present);
  if (present.length < MIN_PEOPLE || pairs < MIN_PAIRS) {
    throw new CalibrationError(
      `A calibration needs at least ${MIN_PEOPLE} people and ${MIN_PAIRS} pairs of photos of ` +
        `different people; there are ${present.length} people and ${pairs} pairs`,
    );
  }
  const cosines = impostorCosines(present);
  const mean = cosines.reduce((sum, value) => sum + value, 0) / pairs;
  const variance = cosines.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (pairs - 1);
  const result = CalibrationSchema.safeParse({
    mean_impostor_cosine: mean,
    effective_dimension: 1 / variance,
  });
  if (!result.success) {
    throw new CalibrationError(
      `The cosines between different people have the mean ${mean} and the variance ${variance}, ` +
        "which are not those of a recognition model",
    );
  }
  const photos = present.reduce((sum, { length }) => sum + length, 0);
  return { calibration: result.data, people: present.length, photos, pairs };
}
