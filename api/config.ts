/** The api's configuration, from its environment. */

import { z } from "zod";
import {
  choice,
  ConfigError,
  type Environment,
  flag,
  integer,
  parseEnv,
  SERVICE_ENV,
} from "../shared/env.ts";
import type { LogOptions } from "../shared/log.ts";

/** Everything that can be set from outside, parsed once. */
export interface ApiConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: LogOptions;
  readonly maxImageBytes: number;
  readonly bodyTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Requests that may wait for a worker. */
  readonly queueLimit: number;
  /** Bytes that the bodies of all admitted requests may have together. */
  readonly queueBytes: number;
  readonly requestsPerWorker: number;
  readonly pool: ProcessPoolConfig;
  /** End when whoever started the service is gone: `deno task`, or npx above it. */
  readonly exitWithStarter: boolean;
  /** npx started the service. */
  readonly throughNpx: boolean;
}

/** Worker processes on this machine. */
export interface ProcessPoolConfig {
  readonly kind: "process";
  readonly size: number;
}

const ApiEnvSchema = z.object({
  ...SERVICE_ENV,
  POOL: choice("kubernetes", "process").optional(),
  POOL_SIZE: integer(1, 64).default(4),
  REQUEST_TIMEOUT_MS: integer(1, 3_600_000).default(10_000),
  QUEUE_LIMIT: integer(0, 100_000).default(64),
  QUEUE_BYTES: integer(1, 100_000_000_000).default(256 * 1024 * 1024),
  EXIT_WITH_STARTER: flag.default(false),
  KUBERNETES_SERVICE_HOST: z.string().optional(),
  npm_lifecycle_event: z.string().optional(),
});

/** The variables that the api reads. */
export const API_ENV_NAMES: readonly string[] = Object.keys(ApiEnvSchema.shape);

/**
 * Reads the configuration.
 *
 * @throws {ConfigError} naming the variable that is missing, unknown or bad
 */
export function readApiConfig(env: Environment): ApiConfig {
  const values = parseEnv(ApiEnvSchema, env);
  const pool = values.POOL ??
    (values.KUBERNETES_SERVICE_HOST === undefined ? "process" : "kubernetes");
  if (pool === "kubernetes") {
    throw new ConfigError('Bad environment: POOL: this version has only the pool "process"');
  }
  return Object.freeze<ApiConfig>({
    host: values.HOST,
    port: values.PORT,
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT, service: "api" },
    maxImageBytes: values.MAX_IMAGE_BYTES,
    bodyTimeoutMs: values.BODY_TIMEOUT_MS,
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    queueLimit: values.QUEUE_LIMIT,
    queueBytes: values.QUEUE_BYTES,
    requestsPerWorker: values.REQUESTS_PER_WORKER,
    exitWithStarter: values.EXIT_WITH_STARTER,
    throughNpx: values.npm_lifecycle_event === "npx",
    pool: { kind: "process", size: values.POOL_SIZE },
  });
}
