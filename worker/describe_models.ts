/** Describes the models of a worker for the api. */

import { cosineNeeded } from "../matching/cosine_needed.ts";
import type { WorkerModels } from "../shared/contract/models_in_use.ts";
import type { MatchConfig, Score } from "../matching/score.ts";
import type { LoadedModels } from "./models.ts";

/** Describes models, the rule of a match, and the calibration in use. */
export function describeModels(
  { checksums, calibration }: Pick<LoadedModels, "checksums" | "calibration">,
  match: MatchConfig,
  score: Score,
): WorkerModels {
  return {
    detection: checksums.detector,
    landmarks: checksums.landmarks,
    recognition: checksums.recognition,
    match: { on: match.on, threshold: match.threshold, cosine: cosineNeeded({ ...match, score }) },
    calibration: match.on === "cosine" || calibration === undefined ? null : {
      fitted_mean_cosine: calibration.fitted_mean_cosine,
      fitted_dimension: calibration.fitted_dimension,
    },
  };
}
