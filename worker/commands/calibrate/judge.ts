/** Judges a calibration with people to whom it was not fitted. */

import type { Calibration } from "../../../models/calibration.ts";
import { drawPeople } from "../draw_people.ts";
import type { StrangerCosines } from "../strangers/stranger_cosines.ts";
import { searchGalleries } from "../strangers/gallery_search.ts";
import { findStrangerMatches } from "../strangers/stranger_matches.ts";
import { CalibrationError } from "./calibrate.ts";
import { cosineAtRate } from "./cosine_at_rate.ts";

/** Number of times that the people are drawn again for an interval. */
const DRAWS = 1_000;

/** A share of false matches. */
export interface JudgedRate {
  /** The share that was measured, 0 to 1. */
  readonly measured: number;
  /** Number of false matches. It need not be an integer for a rate that averages galleries. */
  readonly matches: number;
  /** The shares when the people are drawn again, with replacement (bootstrap), also for galleries. */
  readonly draws: readonly number[];
}

/** People to judge with. */
export interface JudgedPeople {
  /** Result of `strangerCosines` for them. */
  readonly strangers: StrangerCosines;
  /** Seed of the draws. */
  readonly seed: number;
}

/**
 * Measures the FMR at the cosine for which a calibration promises a rate.
 *
 * @throws {CalibrationError} when more pairs than `strangerCosines` keeps reach this cosine
 */
export function judgeMatchRate(
  judged: JudgedPeople,
  calibration: Calibration,
  promised: number,
): JudgedRate {
  const { photosOf, pairs } = judged.strangers;
  const matches = matchesAt(judged.strangers, cosineAtRate(promised, calibration));
  const rate = (weights: ArrayLike<number>) => {
    let hits = 0, all = 0, same = 0;
    for (const [a, b] of matches) hits += weights[a]! * weights[b]!;
    photosOf.forEach((photos, person) => {
      all += weights[person]! * photos;
      same += (weights[person]! * photos) ** 2;
    });
    return hits / ((all * all - same) / 2);
  };
  return { measured: matches.length / pairs, matches: matches.length, draws: draw(judged, rate) };
}

/**
 * Measures the FPIR in galleries of `size` templates, at the cosine for which a calibration promises
 * a rate. Each photo is searched among one photo of each of `size` other people. The result is the
 * mean over all choices of these people and of their photos.
 *
 * @param size Number of people in a gallery, less than the number of people with an embedding
 * @throws {CalibrationError} when more pairs than `strangerCosines` keeps reach the cosine
 * @throws {RangeError} when there are too few people for a gallery
 */
export function judgeIdentificationRate(
  judged: JudgedPeople,
  calibration: Calibration,
  promised: number,
  size: number,
): JudgedRate {
  const fmr = -Math.expm1(Math.log1p(-promised) / size);
  const { strangers } = judged, { photosOf } = strangers;
  const matches = findStrangerMatches(strangers, cosineAtRate(fmr, calibration));
  if (matches === undefined) throw tooManyMatches(strangers);
  const searched = searchGalleries(strangers, matches, size);
  if (searched === undefined) throw new RangeError(`There are not ${size} people for a gallery`);
  /** Returns the number of photos that match. */
  const count = (weights: ArrayLike<number>) => {
    const everybody = photosOf.reduce((sum, n, i) => sum + (n > 0 ? weights[i]! : 0), 0);
    return searched.reduce((sum, photo) => {
      const weight = weights[photo.owner]!;
      return weight === 0 ? sum : sum + weight * photo.found(weights, everybody - weight);
    }, 0);
  };
  const rate = (weights: ArrayLike<number>) =>
    Math.min(
      count(weights) / photosOf.reduce((sum, photos, i) => sum + weights[i]! * photos, 0),
      1,
    );
  const once = photosOf.map(() => 1);
  return { measured: rate(once), matches: count(once), draws: draw(judged, rate) };
}

/** Returns the two people of each pair of photos that reaches the cosine, by their indexes. */
function matchesAt(strangers: StrangerCosines, cosine: number): [number, number][] {
  const { top: { cosines, first, second }, owners, pairs } = strangers;
  const end = cosines.findIndex((other) => other < cosine);
  if (end === -1 && cosines.length < pairs) throw tooManyMatches(strangers);
  return Array.from(
    { length: end === -1 ? cosines.length : end },
    (_, i) => [owners[first[i]!]!, owners[second[i]!]!],
  );
}

function tooManyMatches({ top }: StrangerCosines): CalibrationError {
  return new CalibrationError(
    `More than ${top.cosines.length} pairs of strangers match: the calibration promises far too much`,
  );
}

/** Returns the rates when the people who have photos are drawn with replacement. */
function draw(
  { strangers: { photosOf }, seed }: JudgedPeople,
  rate: (weights: ArrayLike<number>) => number,
): number[] {
  const present = Array.from(photosOf.keys()).filter((person) => photosOf[person]! > 0);
  return Array.from(drawPeople(present.length, DRAWS, seed), (drawn) => {
    const weights = new Float64Array(photosOf.length);
    present.forEach((person, i) => weights[person] = drawn[i]!);
    return rate(weights);
  });
}
