/** Reads the worker's configuration from its environment. */

import { z } from "zod";
import type { MatchConfig } from "../matching/score.ts";
import { WORKER_ENV } from "../shared/contract/worker_env.ts";
import { type Environment, parseEnv } from "../shared/env.ts";
import { type TokenKeyLocation, tokenKeyLocation } from "../shared/http/token_key_location.ts";
import type { LogOptions } from "../shared/log.ts";
import type { ModelPaths } from "./models.ts";

/** The worker's settings, parsed once at the start. */
export interface WorkerConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: LogOptions;
  /** Name of the worker. A token is accepted only when its audience is this name. */
  readonly name: string;
  /** Place of the public keys that verify tokens. */
  readonly tokenKeys: TokenKeyLocation;
  /** undefined: the worker answers with embeddings, and the gallery service compares them. */
  readonly gallery: HeldGalleryConfig | undefined;
  readonly modelPaths: ModelPaths;
  /** True to recognise a face that is unclear, and to tell that it is. */
  readonly acceptUnclearProbes: boolean;
  readonly maxImageBytes: number;
  readonly maxImagePixels: number;
  readonly bodyTimeoutMs: number;
  readonly requestsPerWorker: number;
  /** True when a worker that cannot seal itself must not start. */
  readonly requireSeal: boolean;
  /**
   * True when the worker must exit as soon as its standard input ends. The input ends with the
   * process that started the worker.
   */
  readonly exitOnStdinEof: boolean;
  /** True when the worker tells the process that started it each change of the gallery's files. */
  readonly followsGallery: boolean;
}

/** Settings of a gallery that the worker itself holds. */
export interface HeldGalleryConfig {
  readonly embeddingsPath: string;
  readonly match: MatchConfig;
}

const WorkerEnvSchema = z.object(WORKER_ENV);

/**
 * Reads the configuration.
 *
 * @throws {ConfigError} naming each variable that is missing or invalid
 */
export function readWorkerConfig(env: Environment): WorkerConfig {
  const values = parseEnv(WorkerEnvSchema, env);
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT, service: "worker" },
    name: values.WORKER_NAME,
    tokenKeys: tokenKeyLocation(
      "WORKER_TOKEN_PUBLIC_KEYS",
      values.WORKER_TOKEN_PUBLIC_KEYS_PATH,
      values.WORKER_TOKEN_PUBLIC_KEYS,
    ),
    gallery: values.GALLERY_MODE === "service" ? undefined : {
      embeddingsPath: values.EMBEDDINGS_PATH,
      match: { on: values.MATCH_ON, threshold: values.MATCH_THRESHOLD },
    },
    modelPaths: {
      recognition: values.MODEL_PATH,
      detector: values.DETECTOR_PATH,
      landmarks: values.LANDMARKS_PATH,
      liveness: values.LIVENESS === "off" ? undefined : values.LIVENESS_PATH,
      calibration: values.MODEL_CALIBRATION,
    },
    acceptUnclearProbes: values.QUALITY !== "enforce",
    maxImageBytes: values.MAX_IMAGE_BYTES,
    maxImagePixels: values.MAX_IMAGE_PIXELS,
    bodyTimeoutMs: values.BODY_TIMEOUT_MS,
    requestsPerWorker: values.REQUESTS_PER_WORKER,
    requireSeal: values.REQUIRE_SEAL,
    exitOnStdinEof: values.EXIT_ON_STDIN_EOF,
    followsGallery: values.FOLLOW_GALLERY,
  });
}
