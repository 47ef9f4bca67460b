/** Finds the models on this machine, for the commands. */

import type { Environment } from "../../shared/env.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import type { ModelPaths } from "../models.ts";

/**
 * Returns the paths in MODEL_PATH, DETECTOR_PATH, LANDMARKS_PATH and MODEL_CALIBRATION. The default
 * models are those that `deno task setup` put into this checkout. A calibration has no default. An
 * empty variable counts as missing.
 */
export function localModelPaths(env: Environment): ModelPaths {
  return {
    recognition: env.get("MODEL_PATH") || LOCAL_PATHS.recognition,
    detector: env.get("DETECTOR_PATH") || LOCAL_PATHS.detector,
    landmarks: env.get("LANDMARKS_PATH") || LOCAL_PATHS.landmarks,
    liveness: undefined,
    calibration: env.get("MODEL_CALIBRATION") || undefined,
  };
}
