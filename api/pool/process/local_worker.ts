/** Settings of a worker process on this machine. */

import { PASSED_ON_NAMES, RECOGNITION_ENV } from "../../../shared/contract/worker_env.ts";
import type { Environment } from "../../../shared/env.ts";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import { SETTINGS } from "../../../shared/setting.ts";

/** Files of the checkout that a local worker reads by default. A container has other files. */
const LOCAL_DEFAULTS: Readonly<Record<string, string>> = {
  EMBEDDINGS_PATH: LOCAL_PATHS.gallery,
  MODEL_PATH: LOCAL_PATHS.recognition,
  DETECTOR_PATH: LOCAL_PATHS.detector,
  LANDMARKS_PATH: LOCAL_PATHS.landmarks,
  LIVENESS_PATH: LOCAL_PATHS.liveness,
} satisfies Partial<Record<keyof typeof RECOGNITION_ENV, string>>;

/** Environment of a worker process, and the files that the process must be able to read. */
export interface LocalWorker {
  readonly env: Readonly<Record<string, string>>;
  readonly readable: readonly string[];
}

/** Settings for the gallery. A worker that holds no gallery does not get them. */
const GALLERY_NAMES: ReadonlySet<string> = new Set(
  ["EMBEDDINGS_PATH", "MATCH_ON", "MATCH_THRESHOLD"] satisfies (keyof typeof RECOGNITION_ENV)[],
);

/**
 * Takes the settings of this machine's workers from the api's own environment.
 *
 * @param galleryMode The part of the service that holds the gallery
 */
export function localWorker(
  env: Environment,
  galleryMode: "workers" | "service" = "workers",
): LocalWorker {
  const worker: Record<string, string> = {
    LOG_LEVEL: workerLogLevel(env.get("LOG_LEVEL")),
    ...galleryMode === "service" && { GALLERY_MODE: galleryMode },
  };
  for (const name of PASSED_ON_NAMES) {
    if (galleryMode === "service" && GALLERY_NAMES.has(name)) continue;
    const value = env.get(name) || LOCAL_DEFAULTS[name];
    if (value) worker[name] = value;
  }
  const readable = Object.entries(RECOGNITION_ENV)
    .filter(([, schema]) => SETTINGS.get(schema)?.isPath)
    .map(([name]) => worker[name])
    .filter((path) => path !== undefined);
  return { env: worker, readable };
}

/** At level info the api logs each request already. The worker's line would only repeat that. */
function workerLogLevel(apiLevel: string | undefined): string {
  return apiLevel === undefined || apiLevel === "" || apiLevel === "info" ? "warn" : apiLevel;
}
