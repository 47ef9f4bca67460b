/** Computes error rates of the recognition over all pairs of photos of several people. */

import { cosine } from "../../../matching/vector.ts";
import {
  type LabelledEmbeddings,
  type StrangerCosines,
  strangerCosines,
} from "../strangers/stranger_cosines.ts";
import { countBelow } from "./weighted_rates.ts";

export type { LabelledEmbeddings };

/**
 * The cosines of all pairs of photos. In a pair, each photo is the template once and the probe once;
 * each of the two comparisons counts half. A refused photo is never a template. As a probe it has no
 * cosine and never matches.
 */
export interface PairScores {
  /** Cosines between two photos of one person, ascending. */
  readonly genuine: Float64Array;
  /** The same cosines, for each person. */
  readonly genuineOf: readonly Float64Array[];
  /** Cosines between photos of two people. */
  readonly strangers: StrangerCosines;
  /** Number of pairs of one person. A pair with one refused photo counts half. */
  readonly genuinePairs: number;
  /** Number of pairs of two people. A pair with one refused photo counts half. */
  readonly impostorPairs: number;
}

/**
 * Compares every photo with every other photo.
 *
 * @throws {RangeError} when there is no pair of one person or no pair of two people
 */
export function comparePairs(people: LabelledEmbeddings): PairScores {
  const scores = scorePairs(people);
  if (scores.genuinePairs === 0 || scores.impostorPairs === 0) {
    throw new RangeError("Accuracy needs two photos of one person and a photo of another person");
  }
  return scores;
}

/** Compares every photo with every other photo. There may be no pair. */
export function scorePairs(people: LabelledEmbeddings): PairScores {
  const genuineOf = people.map(compareWithin);
  const genuinePairs = people.reduce((sum, photos) => sum + countHalves([photos]), 0);
  const impostorPairs = countHalves(people) - genuinePairs;
  const genuine = new Float64Array(genuineOf.reduce((sum, { length }) => sum + length, 0));
  let next = 0;
  for (const cosines of genuineOf) {
    genuine.set(cosines, next);
    next += cosines.length;
  }
  const strangers = strangerCosines(people);
  return { genuine: genuine.sort(), genuineOf, strangers, genuinePairs, impostorPairs };
}

/** Returns the cosines of all pairs of a person's accepted photos, ascending. */
function compareWithin(photos: readonly (Float32Array | undefined)[]): Float64Array {
  const accepted = photos.filter((photo) => photo !== undefined);
  const cosines = new Float64Array(accepted.length * (accepted.length - 1) / 2);
  let next = 0;
  accepted.forEach((a, i) => {
    for (let j = i + 1; j < accepted.length; j++) cosines[next++] = cosine(a, accepted[j]!);
  });
  return cosines.sort();
}

/** Counts all pairs of photos. A pair with one refused photo counts half, one with two nothing. */
function countHalves(people: LabelledEmbeddings): number {
  let accepted = 0, refused = 0;
  for (const photos of people) {
    for (const photo of photos) photo === undefined ? refused++ : accepted++;
  }
  return accepted * (accepted - 1) / 2 + accepted * refused / 2;
}

/**
 * Returns the share, 0 to 1, of the comparisons of one person's photos that are below the threshold
 * or have a refused probe.
 */
export function falseRejectionRate(scores: PairScores, threshold: number): number {
  const accepted = scores.genuine.length - countBelow(scores.genuine, threshold);
  return 1 - accepted / scores.genuinePairs;
}

/** Returns the share, 0 to 1, of the pairs of two people that reach the threshold. */
export function falseAcceptanceRate(scores: PairScores, threshold: number): number {
  return scores.strangers.countAtLeast(threshold) / scores.impostorPairs;
}

/** Result of {@linkcode tarAtZeroFar}. */
export interface ZeroFar {
  /** Share, 0 to 1, of the pairs of one person that are above every pair of two people. */
  readonly tar: number;
  /** The highest cosine between two people: a match must exceed it. */
  readonly highestImpostor: number;
}

/** Returns the share of the pairs of one person that match when no pair of two people matches. */
export function tarAtZeroFar({ genuine, genuinePairs, strangers }: PairScores): ZeroFar {
  const highestImpostor = strangers.highest;
  const above = genuine.filter((cosine) => cosine > highestImpostor).length;
  return { tar: above / genuinePairs, highestImpostor };
}
