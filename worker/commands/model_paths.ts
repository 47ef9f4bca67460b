/** Tells the commands where the models are on this machine. */

import type { Environment } from "../../shared/env.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import type { ModelPaths } from "../models.ts";

/**
 * Returns the paths in MODEL_PATH, DETECTOR_PATH, LANDMARKS_PATH and MODEL_CALIBRATION. The default
 * of a model is the one that `deno task setup` put into this checkout; a calibration has no default.
 * An empty variable counts as absent.
 */
export function localModelPaths(env: Environment): ModelPaths {
  return {
    recognition: env.get("MODEL_PATH") || LOCAL_PATHS.recognition,
    detector: env.get("DETECTOR_PATH") || LOCAL_PATHS.detector,
    landmarks: env.get("LANDMARKS_PATH") || LOCAL_PATHS.landmarks,
    calibration: env.get("MODEL_CALIBRATION") || undefined,
  };
}
