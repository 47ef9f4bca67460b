/** Environment of the worker processes on this machine: the api's settings and local defaults. */

import type { Environment } from "../../../shared/env.ts";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";

/** Variables that workers get unchanged from the api's environment. */
const PASSED_ON = [
  "MATCH_ON",
  "MATCH_THRESHOLD",
  "MAX_IMAGE_BYTES",
  "MAX_IMAGE_PIXELS",
  "MODEL_CALIBRATION",
  "REQUESTS_PER_WORKER",
];

/** Variables that name a file, each with its default file in the checkout. */
const FILES = {
  EMBEDDINGS_PATH: LOCAL_PATHS.gallery,
  MODEL_PATH: LOCAL_PATHS.recognition,
  DETECTOR_PATH: LOCAL_PATHS.detector,
  LANDMARKS_PATH: LOCAL_PATHS.landmarks,
} as const;

/** Environment of a worker process, and the files that the process must be able to read. */
export interface LocalWorker {
  readonly env: Readonly<Record<string, string>>;
  readonly readable: readonly string[];
}

/**
 * Derives the environment of a local worker from the environment of the api. An empty variable
 * counts as absent.
 */
export function localWorker(env: Environment): LocalWorker {
  const worker: Record<string, string> = { LOG_LEVEL: workerLogLevel(env.get("LOG_LEVEL")) };
  for (const name of PASSED_ON) {
    const value = env.get(name);
    if (value) worker[name] = value;
  }
  for (const [name, path] of Object.entries(FILES)) worker[name] = env.get(name) || path;
  const readable = Object.keys(FILES).map((name) => worker[name]!);
  if (worker["MODEL_CALIBRATION"]) readable.push(worker["MODEL_CALIBRATION"]);
  return { env: worker, readable };
}

/** The api logs every request in one line, so a worker's own lines are only for debugging. */
function workerLogLevel(apiLevel: string | undefined): string {
  return apiLevel === undefined || apiLevel === "" || apiLevel === "info" ? "warn" : apiLevel;
}
