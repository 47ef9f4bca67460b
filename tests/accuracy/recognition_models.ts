/** Says how often each recognition model may refuse the right person. */

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
