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
import { tokenKeySource } from "../shared/http/token_key_source.ts";

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
  readonly pool: ProcessPoolConfig | KubernetesPoolConfig;
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

/** Pods of a Deployment. */
export interface KubernetesPoolConfig {
  readonly kind: "kubernetes";
  readonly namespace: string;
  /** The ConfigMap that owns claimed pods. */
  readonly owner: string;
  /** Labels of a pod that may be claimed. */
  readonly selector: Readonly<Record<string, string>>;
  readonly workerPort: number;
  /** How long a worker that serves several requests may be kept. */
  readonly leaseMaxMs: number;
  /** Reads the keys that sign calls to workers, one a line. */
  readonly readTokenKeys: () => Promise<string>;
  /** The api runs in the cluster itself. */
  readonly inCluster: boolean;
}

/** Equality alone, and with the label that a claim changes. */
const selector = z.string()
  .regex(/^[\w./-]+=[\w.-]+(,[\w./-]+=[\w.-]+)*$/, "must be name=value, separated by commas")
  .transform((text): Record<string, string> =>
    Object.fromEntries(text.split(",").map((label) => label.split("=")))
  )
  .refine((labels) => labels["status"] === "ready", "must contain status=ready")
  .refine((labels) => Object.keys(labels).length > 1, "must contain another label");

const ApiEnvSchema = z.object({
  ...SERVICE_ENV,
  POOL: choice("kubernetes", "process").optional(),
  POOL_SIZE: integer(1, 64).default(4),
  REQUEST_TIMEOUT_MS: integer(1, 3_600_000).default(10_000),
  QUEUE_LIMIT: integer(0, 100_000).default(64),
  QUEUE_BYTES: integer(1, 100_000_000_000).default(256 * 1024 * 1024),
  EXIT_WITH_STARTER: flag.default(false),
  KUBERNETES_SERVICE_HOST: z.string().optional(),
  WORKER_NAMESPACE: z.string().default("face-it-workers"),
  POOL_OWNER: z.string().default("face-it-pool"),
  WORKER_SELECTOR: z.string().default("app=face-recognition-worker,status=ready").pipe(selector),
  WORKER_PORT: integer(1, 65_535).default(8080),
  LEASE_MAX_MS: integer(1, 86_400_000).default(300_000),
  WORKER_TOKEN_KEYS_PATH: z.string().optional(),
  WORKER_TOKEN_KEYS: z.string().optional(),
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
    pool: poolConfig(values),
  });
}

function poolConfig(values: z.infer<typeof ApiEnvSchema>): ApiConfig["pool"] {
  const inCluster = values.KUBERNETES_SERVICE_HOST !== undefined;
  if ((values.POOL ?? (inCluster ? "kubernetes" : "process")) === "process") {
    return { kind: "process", size: values.POOL_SIZE };
  }
  if (values.REQUESTS_PER_WORKER > 1 && values.LEASE_MAX_MS < values.REQUEST_TIMEOUT_MS) {
    throw new ConfigError(
      "Bad environment: LEASE_MAX_MS: must be at least REQUEST_TIMEOUT_MS",
    );
  }
  return {
    kind: "kubernetes",
    namespace: values.WORKER_NAMESPACE,
    owner: values.POOL_OWNER,
    selector: values.WORKER_SELECTOR,
    workerPort: values.WORKER_PORT,
    leaseMaxMs: values.LEASE_MAX_MS,
    readTokenKeys: tokenKeySource(values.WORKER_TOKEN_KEYS_PATH, values.WORKER_TOKEN_KEYS),
    inCluster,
  };
}
