/** Limits that the accuracy tests put on each recognition model. */

import type { RecognitionName } from "../../models/manifest.ts";

/** Highest FRR, in which each person counts alike, at a measured FMR. */
export interface Goals {
  readonly at1in1000: number;
  readonly at1in10000: number;
  readonly at1in100000: number;
}

/** Goals on the 826 people of docs/accuracy.md. */
export const GOALS: Readonly<Record<RecognitionName, Goals>> = {
  small: { at1in1000: 0.025, at1in10000: 0.049, at1in100000: 0.095 },
  sface: { at1in1000: 0.013, at1in10000: 0.022, at1in100000: 0.04 },
};

/** Limits for the 100 photos of ten people of docs/accuracy.md. */
export interface TenPeopleLimits {
  /** Lowest TAR at FAR 0. */
  readonly tarAtZeroFar: number;
  /** Largest change of a cosine when a template is rounded to signed bytes. */
  readonly rounding: number;
  /**
   * Strangers who are accepted, at least, when turned photos are templates and there is no quality
   * gate. With fewer, the photos would not show that the gate is needed.
   */
  readonly acceptedTurned: number;
}

/** The limits, by the name of the model. */
export const TEN_PEOPLE: Readonly<Record<RecognitionName, TenPeopleLimits>> = {
  small: { tarAtZeroFar: 0.993, rounding: 0.002, acceptedTurned: 500 },
  sface: { tarAtZeroFar: 1, rounding: 0.003, acceptedTurned: 150 },
};
