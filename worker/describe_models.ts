/** Describes the models of a worker for the api. */

import { cosineNeeded } from "../matching/cosine_needed.ts";
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
    match: { on: match.on, threshold: match.threshold, cosine: cosineNeeded({ ...match, score }) },
    calibration: match.on === "cosine" || calibration === undefined ? null : {
      fitted_mean_cosine: calibration.fitted_mean_cosine,
      fitted_dimension: calibration.fitted_dimension,
    },
  };
}
