/** Fits the calibration of a recognition model to embeddings of different people. */

import { type Calibration, CalibrationSchema } from "../../../models/calibration.ts";
import { cosine } from "../../vector.ts";

/** Smallest number of people. With fewer, the result depends too much on who they are. */
const MIN_PEOPLE = 5;

/** Smallest number of pairs of two people. With fewer, the variance is not reliable. */
const MIN_PAIRS = 500;

/** A calibration, and the amount of data that it was fitted to. */
export interface CalibrationFit {
  /** The numbers are not rounded. */
  readonly calibration: Calibration;
  /** Number of people with at least one embedding. */
  readonly people: number;
  /** Number of embeddings of all people. */
  readonly photos: number;
  /** Number of pairs of embeddings of two different people. */
  readonly pairs: number;
}

/** Error for embeddings to which no calibration can be fitted. */
export class CalibrationError extends Error {
  override readonly name = "CalibrationError";
}

/**
 * Returns the cosine of every pair of embeddings of two different people.
 *
 * @param people The embeddings of each person, L2-normalised, all of one length
 * @returns Values from −1 to 1, in no particular order
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
 * Fits a calibration to the cosines between different people. It has two numbers: the mean of these
 * cosines, and 1 / variance. Cosines between random directions in d dimensions have the variance
 * 1/d. So the second number is the dimension in which random directions vary as much as these
 * embeddings.
 *
 * @param people The embeddings of each person, L2-normalised, all of one length
 * @throws {CalibrationError} when there are fewer than {@linkcode MIN_PEOPLE} people or
 * {@linkcode MIN_PAIRS} pairs, or when no recognition model can have the resulting calibration
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
      `The cosines between different people have the mean ${mean} and the variance ${variance}. ` +
        "The model is not a recognition model",
    );
  }
  const photos = present.reduce((sum, { length }) => sum + length, 0);
  return { calibration: result.data, people: present.length, photos, pairs };
}
