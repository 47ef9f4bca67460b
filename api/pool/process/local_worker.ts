/** Settings of a worker process on this machine. */

import { PASSED_ON_NAMES, RECOGNITION_ENV } from "../../../shared/contract/worker_env.ts";
import type { Environment } from "../../../shared/env.ts";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import type { WorkerSettings } from "../../../shared/pool/process/worker_process.ts";
import { quietLogLevel } from "../../../shared/process/log_of_started.ts";
import { SETTINGS } from "../../../shared/setting.ts";

/** Files of the checkout that a local worker reads by default. A container has other files. */
const LOCAL_DEFAULTS: Readonly<Record<string, string>> = {
  EMBEDDINGS_PATH: LOCAL_PATHS.gallery,
  MODEL_PATH: LOCAL_PATHS.recognition,
  DETECTOR_PATH: LOCAL_PATHS.detector,
  LANDMARKS_PATH: LOCAL_PATHS.landmarks,
  LIVENESS_PATH: LOCAL_PATHS.liveness,
} satisfies Partial<Record<keyof typeof RECOGNITION_ENV, string>>;

/** Settings that only a worker with a gallery uses. */
const HELD_GALLERY_NAMES = ["EMBEDDINGS_PATH", "MATCH_ON", "MATCH_THRESHOLD"];

/**
 * Takes the settings of this machine's workers from the api's own environment.
 *
 * @param mode "service": the gallery service holds the gallery, and a worker has none
 */
export function localWorker(
  env: Environment,
  mode: "workers" | "service" = "workers",
): WorkerSettings {
  const worker: Record<string, string> = {
    LOG_LEVEL: quietLogLevel(env.get("LOG_LEVEL")),
    // A worker holds a gallery by default.
    ...mode === "service" && { GALLERY_MODE: mode },
  };
  for (const name of PASSED_ON_NAMES) {
    if (mode === "service" && HELD_GALLERY_NAMES.includes(name)) continue;
    const value = env.get(name) || LOCAL_DEFAULTS[name];
    if (value) worker[name] = value;
  }
  const readable = Object.entries(RECOGNITION_ENV)
    .filter(([, schema]) => SETTINGS.get(schema)?.isPath)
    .map(([name]) => worker[name])
    .filter((path) => path !== undefined);
  return { env: worker, readable };
}
