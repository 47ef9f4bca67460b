/** Fits the calibration of a recognition model to embeddings of different people. */

import type { Calibration } from "../../../models/calibration.ts";
import {
  type StrangerCosines,
  strangerCosines,
  type StrangerOptions,
} from "../strangers/stranger_cosines.ts";
import { fitTail } from "./fit_tail.ts";

/** Smallest number of people. With fewer, the result depends too much on who they are. */
export const MIN_PEOPLE = 100;

/** A calibration, and the data that it was fitted to. */
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
 * Fits a calibration to the highest cosines between different people.
 *
 * @param people The embeddings of each person, L2-normalised, all of one length
 * @param options Pairs of people to leave out, and the display of the progress
 * @throws {CalibrationError} when there are fewer than {@linkcode MIN_PEOPLE} people, or when no
 * recognition model has such cosines
 */
export function fitCalibration(
  people: readonly (readonly Float32Array[])[],
  options?: StrangerOptions,
): CalibrationFit {
  requireEnoughPeople(people);
  return fitToCosines(people, strangerCosines(people, options));
}

/** Throws a {@linkcode CalibrationError} when too few people have an embedding. */
export function requireEnoughPeople(people: readonly (readonly unknown[])[]): void {
  const present = people.filter(({ length }) => length > 0).length;
  if (present >= MIN_PEOPLE) return;
  throw new CalibrationError(
    `A calibration needs accepted photos of at least ${MIN_PEOPLE} people; there are ${present}. ` +
      "A few people do not show how similar the most similar strangers are",
  );
}

/**
 * Fits a calibration to the result of `strangerCosines` for these people.
 *
 * @throws {CalibrationError} when no recognition model has such cosines
 */
export function fitToCosines(
  people: readonly (readonly Float32Array[])[],
  { histogram }: StrangerCosines,
): CalibrationFit {
  const calibration = fitTail(histogram);
  if (calibration === undefined) {
    throw new CalibrationError(
      "The similarities of different people are not those of a recognition model. Either the " +
        "model is no recognition model, or many people have photos under more than one name",
    );
  }
  return {
    calibration,
    people: people.filter(({ length }) => length > 0).length,
    photos: people.reduce((sum, { length }) => sum + length, 0),
    pairs: histogram.total,
  };
}
