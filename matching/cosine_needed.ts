/** Finds the cosine that a match needs. */

import type { DecisionRule } from "./judge.ts";

const STEPS = 10_000;

/**
 * Returns the smallest multiple of 1 / 10,000 whose score reaches the threshold in a comparison with
 * one template; null when even a cosine of 1 does not. A higher cosine has no lower score.
 */
export function cosineNeeded({ score, threshold }: DecisionRule): number | null {
  const reaches = (step: number) => score({ similarity: step / STEPS, compared: 1 }) >= threshold;
  if (!reaches(STEPS)) return null;
  let below = -STEPS - 1, reached = STEPS;
  while (reached - below > 1) {
    const middle = Math.floor((below + reached) / 2);
    if (reaches(middle)) reached = middle;
    else below = middle;
  }
  return reached / STEPS;
}
