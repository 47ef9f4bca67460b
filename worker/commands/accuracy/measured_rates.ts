/** Measures error rates with their intervals, beside the rates that the calibration promises. */

import type { Calibration } from "../../../models/calibration.ts";
import { bootstrap, type Interval } from "./bootstrap.ts";
import type { PairScores } from "./evaluate.ts";
import { findStrangerMatches } from "../strangers/stranger_matches.ts";
import { falsePositiveIdentification } from "./identification.ts";
import { similarityForFpir } from "./similarity_threshold.ts";
import { balancedRejection, cosinesReachedBy, falseMatchShare } from "./weighted_rates.ts";

/** Smallest number of pairs of two people that a rate is measured with. */
export const MIN_PAIRS = 10;

const FMRS = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as const;
const GALLERIES = [50, 400] as const;
const FPIRS = [1e-2, 1e-3, 1e-4] as const;

/** FRR at a threshold that a measured share of the strangers reach. */
export interface RejectionAtFmr {
  /** Share of the pairs of two people that reach the threshold. */
  readonly fmr: number;
  /** Number of these pairs. */
  readonly pairs: number;
  /** The threshold; undefined when fewer than MIN_PAIRS pairs reach it. */
  readonly cosine: number | undefined;
  /** Share of the pairs of accepted photos of one person that are below the threshold. */
  readonly frr: number | undefined;
  /** The same share, in which each person counts alike. */
  readonly balanced: Interval | undefined;
}

/** Returns the FRR at measured FMRs. */
export function rejectionsAtFmr({ genuine, genuineOf, strangers }: PairScores): RejectionAtFmr[] {
  const intervals = bootstrap(
    genuineOf.length,
    (weights) =>
      cosinesReachedBy(strangers, weights, FMRS).map((cosine) =>
        cosine === undefined ? undefined : balancedRejection(genuineOf, weights, cosine)
      ),
  );
  return FMRS.map((fmr, i) => {
    const pairs = Math.floor(fmr * strangers.pairs * (1 + 1e-12));
    const cosine = pairs < MIN_PAIRS ? undefined : strangers.reachedBy(fmr);
    if (cosine === undefined) {
      return { fmr, pairs, cosine, frr: undefined, balanced: undefined };
    }
    const rejected = genuine.filter((score) => score < cosine).length;
    const frr = genuine.length === 0 ? undefined : rejected / genuine.length;
    return { fmr, pairs, cosine, frr, balanced: intervals[i] };
  });
}

/** A rate that the calibration promises, and the measured rate at the same threshold. */
export interface PromisedRate {
  readonly promised: number;
  readonly cosine: number;
  /** Number of pairs of two people that reach the cosine. */
  readonly pairs: number;
  /** undefined when it cannot be measured with these people. */
  readonly measured: Interval | undefined;
}

/** Returns the FMR that the calibration promises, and the measured FMR. */
export function promisedFmrs(
  { strangers }: Pick<PairScores, "strangers">,
  calibration: Calibration,
  fmrs: readonly number[] = FMRS,
): PromisedRate[] {
  const cosines = fmrs.map((fmr) => similarityForFpir(fmr, 1, calibration));
  const intervals = bootstrap(
    strangers.photosOf.length,
    (weights) => cosines.map((cosine) => falseMatchShare(strangers, weights, cosine)),
  );
  return fmrs.map((promised, i) => {
    const cosine = cosines[i]!;
    const pairs = strangers.countAtLeast(cosine);
    return { promised, cosine, pairs, measured: intervals[i] };
  });
}

/** A promised FPIR, for a gallery of a size. */
export interface PromisedFpir extends PromisedRate {
  /** Number of templates in the gallery. */
  readonly size: number;
}

/** Returns the FPIR that the calibration promises, and the measured FPIR. Each person counts alike. */
export function promisedFpirs(
  { strangers }: Pick<PairScores, "strangers">,
  calibration: Calibration,
): PromisedFpir[] {
  return GALLERIES.flatMap((size) =>
    FPIRS.map((promised) => {
      const cosine = similarityForFpir(promised, size, calibration);
      const matches = findStrangerMatches(strangers, cosine);
      const rate = matches && falsePositiveIdentification(strangers, matches, size);
      const [measured] = bootstrap(strangers.photosOf.length, (weights) => [rate?.(weights)]);
      return { size, promised, cosine, pairs: strangers.countAtLeast(cosine), measured };
    })
  );
}
