/** Judges a calibration with people to whom it was not fitted. */

import type { Calibration } from "../../../models/calibration.ts";
import type { StrangerCosines } from "../strangers/stranger_cosines.ts";
import { CalibrationError } from "./calibrate.ts";
import { seededRandom } from "../../../shared/seeded_random.ts";
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
  /** Number of embeddings of each person. */
  readonly photos: readonly number[];
  /** Result of `strangerCosines` for them. */
  readonly strangers: StrangerCosines;
  /** Seed of the draws. */
  readonly seed: number;
}

/** A false match of two photos, by the indexes of their people. */
interface Match {
  readonly people: readonly [number, number];
  /** The indexes of both photos among all photos. */
  readonly photos: readonly [number, number];
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
  const matches = matchesAt(judged.strangers, cosineAtRate(promised, calibration));
  const rate = (weights: ArrayLike<number>) => {
    let hits = 0, all = 0, same = 0;
    for (const { people: [a, b] } of matches) hits += weights[a]! * weights[b]!;
    judged.photos.forEach((photos, person) => {
      all += weights[person]! * photos;
      same += (weights[person]! * photos) ** 2;
    });
    return hits / ((all * all - same) / 2);
  };
  const measured = matches.length / judged.strangers.pairs;
  return { measured, matches: matches.length, draws: drawPeople(judged, rate) };
}

/**
 * Measures the FPIR in galleries of `size` templates, at the cosine for which a calibration promises
 * a rate. Each photo is searched among one photo of each of `size` other people. The result is the
 * mean over all choices of these people and of their photos.
 *
 * @param size Number of people in a gallery, less than the number of people with an embedding
 * @throws {CalibrationError} when more pairs than `strangerCosines` keeps reach the cosine
 */
export function judgeIdentificationRate(
  judged: JudgedPeople,
  calibration: Calibration,
  promised: number,
  size: number,
): JudgedRate {
  const fmr = -Math.expm1(Math.log1p(-promised) / size);
  const matches = matchesAt(judged.strangers, cosineAtRate(fmr, calibration));
  const probes = new Map<number, { readonly owner: number; readonly hits: Map<number, number> }>();
  for (const { people, photos } of matches) {
    for (const [own, other] of [[0, 1], [1, 0]] as const) {
      const probe = probes.get(photos[own]) ?? { owner: people[own], hits: new Map() };
      probe.hits.set(people[other], (probe.hits.get(people[other]) ?? 0) + 1);
      probes.set(photos[own], probe);
    }
  }
  const found = Array.from(probes.values(), ({ owner, hits }) => ({
    owner,
    others: Array.from(hits, ([person, count]) => ({
      person,
      share: count / judged.photos[person]!,
    })),
  }));
  /** Returns the number of photos that match. A person who counts twice is two people. */
  const count = (weights: ArrayLike<number>) => {
    const people = judged.photos.reduce((sum, n, i) => sum + (n > 0 ? weights[i]! : 0), 0);
    return found.reduce((sum, { owner, others }) => {
      const weight = weights[owner]!, rest = people - weight;
      if (weight === 0) return sum;
      const shares = others.flatMap(({ person, share }) => Array(weights[person]!).fill(share));
      return sum + weight * (1 - chanceOfNoHit(shares, rest, Math.min(size, rest)));
    }, 0);
  };
  const rate = (weights: ArrayLike<number>) =>
    count(weights) / judged.photos.reduce((sum, photos, i) => sum + weights[i]! * photos, 0);
  const once = judged.photos.map(() => 1);
  return { measured: rate(once), matches: count(once), draws: drawPeople(judged, rate) };
}

/**
 * Returns the chance that no template of a random gallery matches.
 *
 * @param shares For each person with a matching photo, the share of that person's photos that match
 * @param people Number of people from whom the gallery is drawn, at least `size`
 * @param size Number of people in the gallery, with one photo each
 */
export function chanceOfNoHit(shares: readonly number[], people: number, size: number): number {
  // ways[k]: the sum over all choices of k of these people that their photos do not match.
  let ways = [1];
  for (const share of shares) {
    ways = [...ways, 0].map((value, k) => value + (k > 0 ? ways[k - 1]! * (1 - share) : 0));
  }
  // The chance that exactly k given people are in the gallery, and the other given people are not.
  const given = shares.length;
  let chance = 0;
  ways.forEach((value, k) => {
    if (k > size || given - k > people - size) return;
    let share = 1;
    for (let i = 0; i < k; i++) share *= (size - i) / (people - i);
    for (let i = 0; i < given - k; i++) share *= (people - size - i) / (people - k - i);
    chance += value * share;
  });
  return chance;
}

function matchesAt({ top, owners, pairs }: StrangerCosines, cosine: number): Match[] {
  const { cosines, first, second } = top;
  const end = cosines.findIndex((other) => other < cosine);
  if (end === -1 && cosines.length < pairs) {
    throw new CalibrationError(
      `More than ${cosines.length} pairs of strangers match: the calibration promises far too much`,
    );
  }
  return Array.from({ length: end === -1 ? cosines.length : end }, (_, i) => ({
    people: [owners[first[i]!]!, owners[second[i]!]!],
    photos: [first[i]!, second[i]!],
  }));
}

/** Returns the rates when the people are drawn with replacement. */
function drawPeople(
  { photos, seed }: JudgedPeople,
  rate: (weights: ArrayLike<number>) => number,
): number[] {
  const present = photos.flatMap((count, person) => count > 0 ? [person] : []);
  const random = seededRandom(seed);
  return Array.from({ length: DRAWS }, () => {
    const weights = new Uint32Array(photos.length);
    for (let i = 0; i < present.length; i++) {
      weights[present[Math.floor(random() * present.length)]!]!++;
    }
    return rate(weights);
  });
}
