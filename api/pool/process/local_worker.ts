/** What a worker process on this machine is given: the variables it understands, and local defaults. */

import type { Environment } from "../../../shared/env.ts";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";

/** Variables that are passed on to workers as they are. */
const PASSED_ON = [
  "MATCH_ON",
  "MATCH_THRESHOLD",
  "MAX_IMAGE_BYTES",
  "MAX_IMAGE_PIXELS",
  "MODEL_CALIBRATION",
  "REQUESTS_PER_WORKER",
];

/** Variables that name a file, with the file that stands in where they are not set. */
const FILES = {
  EMBEDDINGS_PATH: LOCAL_PATHS.gallery,
  MODEL_PATH: LOCAL_PATHS.recognition,
  DETECTOR_PATH: LOCAL_PATHS.detector,
  LANDMARKS_PATH: LOCAL_PATHS.landmarks,
} as const;

/** The environment of a worker process, and the files that it must be able to read. */
export interface LocalWorker {
  readonly env: Readonly<Record<string, string>>;
  readonly readable: readonly string[];
}

/** What the workers of this machine get, from the api's own environment. */
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

/** The api's line says all of a request; a worker's own is for whoever looks closer. */
function workerLogLevel(apiLevel: string | undefined): string {
  return apiLevel === undefined || apiLevel === "" || apiLevel === "info" ? "warn" : apiLevel;
}
