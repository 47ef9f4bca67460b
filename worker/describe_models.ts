/** Describes the models of a worker for the api. */

import type { WorkerModels } from "../shared/contract/models_in_use.ts";
import type { MatchConfig, Score } from "../matching/score.ts";
import type { LoadedModels } from "./models.ts";

/** The rule of a match, and the score that it compares with its threshold. */
export interface RuleInUse {
  readonly match: MatchConfig;
  readonly score: Score;
}

/**
 * Describes models, the rule of a match, and the calibration in use.
 *
 * @param rule undefined for a worker that compares no embeddings
 */
export function describeModels(
  { checksums, calibration }: Pick<LoadedModels, "checksums" | "calibration">,
  rule: RuleInUse | undefined,
): WorkerModels {
  const models = {
    detection: checksums.detector,
    landmarks: checksums.landmarks,
    recognition: checksums.recognition,
  };
  if (rule === undefined) return { ...models, match: null, calibration: null };
  const { match, score } = rule;
  return {
    ...models,
    match: { on: match.on, threshold: match.threshold, cosine: cosineNeeded(match, score) },
    calibration: match.on === "cosine" || calibration === undefined ? null : {
      fitted_mean_cosine: calibration.fitted_mean_cosine,
      fitted_dimension: calibration.fitted_dimension,
    },
  };
}

const STEPS = 10_000;

/**
 * Returns the smallest multiple of 1 / 10,000 whose score reaches the threshold in a comparison with
 * one template; null when even a cosine of 1 does not. A higher cosine has no lower score.
 */
function cosineNeeded(
  { threshold }: MatchConfig,
  score: Score,
): number | null {
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
