/** The rule of a match for each recognition model. */

import type { ModelCalibration } from "../models/calibration.ts";
import { isSameModel } from "../models/known_models.ts";
import { calibrationOf } from "../models/manifest.ts";
import type { DecisionRule } from "../matching/judge.ts";
import { createLikeness, type Likeness } from "../matching/likeness.ts";
import type { Logger } from "../shared/log.ts";
import { chooseScore, type MatchConfig } from "../matching/score.ts";

/** Models can change while the service runs, but not often. */
const MAX_REPORTED = 100;

/** The rules for one model. */
export interface ModelRules {
  /** Rule of a match. */
  readonly decision: DecisionRule;
  /** Weaker rule: two photos may show the same person. */
  readonly likeness: Likeness;
  /** undefined for a model without a calibration. */
  readonly calibration: ModelCalibration | undefined;
}

/**
 * Returns the rules for a model; undefined when a match needs confidences and the model has no
 * calibration.
 *
 * @param model sha256 of the recognition model
 */
export type FindRules = (model: string) => ModelRules | undefined;

/**
 * Makes the function that finds the rules.
 *
 * @param match What is compared with the threshold
 * @param own Calibration of a model; that of the manifest applies to all other models
 * @param log Gets one line for each model without the calibration that it needs
 */
export function createRules(
  match: MatchConfig,
  own: ModelCalibration | undefined,
  log: Pick<Logger, "error">,
): FindRules {
  const reported = new Set<string>();
  const report = (model: string) => {
    if (reported.has(model) || reported.size >= MAX_REPORTED) return;
    reported.add(model);
    // Longer texts look like secrets, and are hidden in the log.
    log.error(
      { model: model.slice(0, 16) },
      "a recognition model has no calibration, so nobody is recognised with it: set " +
        'MODEL_CALIBRATION ("deno task calibrate" prints one) or MATCH_ON=cosine',
    );
  };
  return (model) => {
    const calibration = own && isSameModel(own.model_sha256, model) ? own : calibrationOf(model);
    if (match.on === "confidence" && calibration === undefined) {
      report(model);
      return undefined;
    }
    return {
      decision: { score: chooseScore(match.on, calibration), threshold: match.threshold },
      likeness: createLikeness(calibration),
      calibration,
    };
  };
}
