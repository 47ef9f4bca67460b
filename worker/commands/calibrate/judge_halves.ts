/** Calibrates on one half of the people, judges with the other half, and exchanges the halves. */

import type { Calibration } from "../../../models/calibration.ts";
import type { Progress } from "../../../shared/progress.ts";
import type { CosineHistogram } from "../strangers/cosine_histogram.ts";
import { MAX_KEPT, strangerCosines } from "../strangers/stranger_cosines.ts";
import { CalibrationError, type CalibrationFit, fitToCosines, MIN_PEOPLE } from "./calibrate.ts";
import { type JudgedPeople, judgeIdentificationRate, judgeMatchRate } from "./judge.ts";

/** Promised rates of false matches, 1:1. */
const MATCH_RATES = [1e-2, 1e-3, 1e-4, 1e-5];

/** Promised rate of false identifications, and the size of the gallery when there are enough people. */
const IDENTIFICATION_RATE = 1e-2;
const GALLERY_SIZE = 400;

/**
 * Share of the most similar pairs to keep: enough for the largest rate, also with a calibration by
 * which five times as many strangers match.
 */
const KEPT_SHARE = 0.05;

/** A method to calibrate. `variance` is that of an earlier version, for comparison. */
export type Method = "tail" | "variance";

/** A rate on both halves. */
export interface JudgedBothWays {
  readonly method: Method;
  /** `fpir`: in a gallery of `templates` people. `fmr`: with one template. */
  readonly kind: "fmr" | "fpir";
  readonly templates: number;
  /** The rate that the calibration promises. */
  readonly promised: number;
  /** The measured rate divided by the promised one, for each half with the other's calibration. */
  readonly ratios: readonly [number, number];
  /** Mean of both ratios. */
  readonly ratio: number;
  /** The interval that has 95 % of the means when the people of both halves are drawn again. */
  readonly interval: readonly [number, number];
  /** Number of false matches in both halves. */
  readonly matches: number;
}

/** Result of {@linkcode judgeHalves}. */
export interface Judgement {
  /** The calibrations of both halves by each method, not rounded. */
  readonly calibrations: Readonly<Record<Method, readonly [CalibrationFit, CalibrationFit]>>;
  readonly rates: readonly JudgedBothWays[];
}

/**
 * Judges calibrations. Every second person is in the first half.
 *
 * @param people The embeddings of each person, L2-normalised, all of one length
 * @param options Pairs of people to leave out, and the display of the progress
 * @throws {CalibrationError} when a half has too few people, or cosines that are not those of a
 * recognition model
 */
export function judgeHalves(
  people: readonly (readonly Float32Array[])[],
  { excluded, progress }: {
    readonly excluded: readonly (readonly [number, number])[];
    readonly progress: Progress;
  },
): Judgement {
  const present = people.flatMap((person, index) => person.length > 0 ? [index] : []);
  if (present.length < 2 * MIN_PEOPLE) {
    throw new CalibrationError(
      `Two halves need accepted photos of at least ${2 * MIN_PEOPLE} people; there are ` +
        `${present.length}`,
    );
  }
  const half = (which: 0 | 1) => {
    const indexes = present.filter((_, i) => i % 2 === which);
    const embeddings = indexes.map((index) => people[index]!);
    const pairs = excluded
      .map(([a, b]) => [indexes.indexOf(a), indexes.indexOf(b)] as const)
      .filter(([a, b]) => a !== -1 && b !== -1);
    const total = embeddings.flat().length;
    const kept = Math.min(Math.ceil(KEPT_SHARE * total * total / 2), MAX_KEPT);
    const strangers = strangerCosines(embeddings, { excluded: pairs, progress, kept });
    const tail = fitToCosines(embeddings, strangers);
    const variance = { ...tail, calibration: fitVariance(strangers.histogram) };
    return { strangers, seed: which, tail, variance };
  };
  const first = half(0), second = half(1);
  const gallery = Math.min(
    GALLERY_SIZE,
    ...[first, second].map(({ strangers }) => strangers.photosOf.length - 1),
  );
  const both = (method: Method, kind: JudgedBothWays["kind"], promised: number): JudgedBothWays => {
    const judge = (judged: JudgedPeople, { calibration }: CalibrationFit) =>
      kind === "fmr"
        ? judgeMatchRate(judged, calibration, promised)
        : judgeIdentificationRate(judged, calibration, promised, gallery);
    const a = judge(second, first[method]), b = judge(first, second[method]);
    const draws = a.draws.map((rate, i) => (rate + b.draws[i]!) / 2 / promised)
      .sort((x, y) => x - y);
    const at = (share: number) => draws[Math.round(share * (draws.length - 1))]!;
    return {
      method,
      kind,
      templates: kind === "fmr" ? 1 : gallery,
      promised,
      ratios: [a.measured / promised, b.measured / promised],
      ratio: (a.measured + b.measured) / 2 / promised,
      interval: [at(0.025), at(0.975)],
      matches: a.matches + b.matches,
    };
  };
  return {
    calibrations: {
      tail: [first.tail, second.tail],
      variance: [first.variance, second.variance],
    },
    rates: (["tail", "variance"] as const).flatMap((method) => [
      ...MATCH_RATES.map((rate) => both(method, "fmr", rate)),
      both(method, "fpir", IDENTIFICATION_RATE),
    ]),
  };
}

/** Returns the calibration of an earlier version, for comparison: the mean and 1 / variance. */
function fitVariance(histogram: CosineHistogram): Calibration {
  const { mean, variance } = histogram.moments();
  return { fitted_mean_cosine: mean, fitted_dimension: 1 / variance };
}
