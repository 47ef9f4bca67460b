/** The worker's configuration, from its environment. */

import { z } from "zod";
import { choice, type Environment, flag, fraction, parseEnv, SERVICE_ENV } from "../shared/env.ts";
import type { LogOptions } from "../shared/log.ts";
import { tokenKeySource } from "../shared/http/token_key_source.ts";
import { parseTokenKeys, type TokenKeys } from "../shared/http/worker_token.ts";
import { MAX_IMAGE_PIXELS_ENV } from "./max_image_pixels.ts";
import type { ModelPaths } from "./models.ts";

/** Everything that can be set from outside, parsed once. */
export interface WorkerConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: LogOptions;
  /** The audience of the tokens that it accepts. */
  readonly name: string;
  readonly tokenKeys: TokenKeys;
  readonly embeddingsPath: string;
  readonly modelPaths: ModelPaths;
  readonly match: MatchConfig;
  readonly maxImageBytes: number;
  readonly maxImagePixels: number;
  readonly bodyTimeoutMs: number;
  readonly requestsPerWorker: number;
  /** Ends when standard input does: the sign that the process that started it is gone. */
  readonly exitOnStdinEof: boolean;
}

/** What counts as a match. */
export interface MatchConfig {
  /** Compare the threshold with the calibrated confidence, or with the raw cosine. */
  readonly on: "confidence" | "cosine";
  /** Above 0, up to 1. */
  readonly threshold: number;
}

const WorkerEnvSchema = z.object({
  ...SERVICE_ENV,
  WORKER_NAME: z.string({ error: "must be set" }).min(1).max(253),
  WORKER_TOKEN_KEYS_PATH: z.string().optional(),
  WORKER_TOKEN_KEYS: z.string().optional(),
  EMBEDDINGS_PATH: z.string().default("/etc/embeddings/data.json"),
  MODEL_PATH: z.string().default("/models/face_recognition.onnx"),
  DETECTOR_PATH: z.string().default("/models/face_detection.onnx"),
  LANDMARKS_PATH: z.string().default("/models/face_landmarks.onnx"),
  MODEL_CALIBRATION: z.string().optional(),
  MATCH_ON: choice("confidence", "cosine").default("confidence"),
  MATCH_THRESHOLD: fraction(0, 1).default(0.7),
  ...MAX_IMAGE_PIXELS_ENV,
  EXIT_ON_STDIN_EOF: flag.default(false),
});

/** The variables that the worker reads. */
export const WORKER_ENV_NAMES: readonly string[] = Object.keys(WorkerEnvSchema.shape);

/**
 * Reads the configuration.
 *
 * @throws {ConfigError} naming the variable that is missing, unknown or bad
 */
export async function readWorkerConfig(env: Environment): Promise<WorkerConfig> {
  const values = parseEnv(WorkerEnvSchema, env);
  const readTokenKeys = tokenKeySource(values.WORKER_TOKEN_KEYS_PATH, values.WORKER_TOKEN_KEYS);
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT, service: "worker" },
    name: values.WORKER_NAME,
    tokenKeys: parseTokenKeys(await readTokenKeys()),
    embeddingsPath: values.EMBEDDINGS_PATH,
    modelPaths: {
      recognition: values.MODEL_PATH,
      detector: values.DETECTOR_PATH,
      landmarks: values.LANDMARKS_PATH,
      calibration: values.MODEL_CALIBRATION,
    },
    match: { on: values.MATCH_ON, threshold: values.MATCH_THRESHOLD },
    maxImageBytes: values.MAX_IMAGE_BYTES,
    maxImagePixels: values.MAX_IMAGE_PIXELS,
    bodyTimeoutMs: values.BODY_TIMEOUT_MS,
    requestsPerWorker: values.REQUESTS_PER_WORKER,
    exitOnStdinEof: values.EXIT_ON_STDIN_EOF,
  });
}
