/** Reads the api's configuration from its environment. */

import { z } from "zod";
import { type FacePolicy, facePolicy } from "../shared/contract/face_policy.ts";
import { readRequireConsent } from "../shared/contract/gallery_env.ts";
import { ConfigError, type Environment, parseEnv } from "../shared/env.ts";
import { type TokenKeyLocation, tokenKeyLocation } from "../shared/http/token_key_location.ts";
import type { LogOptions } from "../shared/log.ts";
import { allowedHosts, isLoopback } from "./callers/allowed_hosts.ts";
import type { AllowedCallers } from "./callers/check_callers.ts";
import type { TokenConfig } from "./callers/tokens/identify_by_token.ts";
import { ALL_API_ENV } from "./env.ts";

/** The api's settings, parsed once at the start. */
export interface ApiConfig {
  readonly host: string;
  /** Port to listen on; 0 takes any free port. */
  readonly port: number;
  readonly callers: AllowedCallers;
  readonly access: AccessConfig;
  readonly log: LogOptions;
  readonly maxImageBytes: number;
  readonly maxImagePixels: number;
  readonly bodyTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Number of requests that may wait for a worker. */
  readonly queueLimit: number;
  /** Limit on the bytes that all admitted requests hold together. */
  readonly queueBytes: number;
  readonly requestsPerWorker: number;
  readonly pool: ProcessPoolConfig | KubernetesPoolConfig;
  readonly gallery: GalleryConfig;
  readonly policy: FacePolicy;
}

/** The process that holds the gallery. */
export type GalleryConfig =
  /** Each worker holds the gallery. There are no routes for users. */
  | { readonly kind: "workers" }
  /** The gallery service holds it. */
  | {
    readonly kind: "service";
    /** Address of the service. undefined: the api starts the service on this machine. */
    readonly url: URL | undefined;
  };

/** Settings that decide which callers may do what. */
export interface AccessConfig {
  /** Path of the keys file. undefined: there are no keys. */
  readonly keysPath: string | undefined;
  /** The issuer of tokens. undefined: tokens are not accepted. */
  readonly tokens: TokenConfig | undefined;
  /** True when the service listens on a loopback address. */
  readonly isLoopback: boolean;
  /** True when everybody may call POST /authenticate. */
  readonly allowAnonymous: boolean;
  /** Requests that an address may send in a minute. undefined: no limit. */
  readonly requestsPerAddress: number | undefined;
  /** Networks of proxies. */
  readonly trustedProxies: readonly string[];
  /** True when faces can be refused for their liveness. */
  readonly judgesLiveness: boolean;
}

/** Settings of a pool of worker processes on this machine. */
export interface ProcessPoolConfig {
  readonly kind: "process";
  readonly size: number;
  /** Place of the keys that sign calls. undefined: keys that are made at the start. */
  readonly tokenKeys: TokenKeyLocation | undefined;
}

/** Settings of a pool of Kubernetes pods. */
export interface KubernetesPoolConfig {
  readonly kind: "kubernetes";
  readonly namespace: string;
  /** Name of the ConfigMap that owns claimed pods. */
  readonly owner: string;
  /** Labels of a pod that may be claimed. */
  readonly selector: Readonly<Record<string, string>>;
  readonly workerPort: number;
  /** Longest time to keep a pod that serves several requests. */
  readonly leaseMaxMs: number;
  /** The workers are processes in pods. undefined: the workers are pods. */
  readonly processes: PodProcessesConfig | undefined;
  /** Place of the keys that sign calls to workers. */
  readonly tokenKeys: TokenKeyLocation;
  /** True when the api itself runs in a cluster. */
  readonly inCluster: boolean;
}

/** Settings of workers that are processes in pods. */
export interface PodProcessesConfig {
  /** Number of processes that a pod keeps ready. */
  readonly perPod: number;
  /** Number of pods that this replica keeps claimed. */
  readonly maxPods: number;
}

const ApiEnvSchema = z.object(ALL_API_ENV);

/**
 * Reads the configuration.
 *
 * @throws {ConfigError} with the name of each missing or bad variable
 */
export function readApiConfig(env: Environment): ApiConfig {
  const values = parseEnv(ApiEnvSchema, env);
  return Object.freeze<ApiConfig>({
    host: values.HOST,
    port: values.PORT,
    callers: {
      hosts: allowedHosts(values.ALLOWED_HOSTS, values.HOST),
      origins: new Set(values.ALLOWED_ORIGINS),
    },
    access: accessConfig(values),
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT, service: "api" },
    maxImageBytes: values.MAX_IMAGE_BYTES,
    maxImagePixels: values.MAX_IMAGE_PIXELS,
    bodyTimeoutMs: values.BODY_TIMEOUT_MS,
    requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
    queueLimit: values.QUEUE_LIMIT,
    queueBytes: values.QUEUE_BYTES,
    requestsPerWorker: values.REQUESTS_PER_WORKER,
    pool: poolConfig(values),
    gallery: galleryConfig(values, {
      embeddingsPath: env.get("EMBEDDINGS_PATH"),
      requireConsent: readRequireConsent(env),
    }),
    policy: facePolicy(values),
  });
}

function accessConfig(values: z.infer<typeof ApiEnvSchema>): AccessConfig {
  const access = {
    keysPath: values.API_KEYS_PATH,
    tokens: tokenConfig(values),
    isLoopback: isLoopback(values.HOST),
    allowAnonymous: values.ALLOW_ANONYMOUS,
    requestsPerAddress: values.REQUESTS_PER_ADDRESS,
    trustedProxies: values.TRUSTED_PROXIES ?? [],
    judgesLiveness: values.LIVENESS !== "off" && values.LIVENESS_THRESHOLD !== undefined,
  };
  const hasKeys = (access.keysPath ?? access.tokens) !== undefined;
  if (!hasKeys && !access.isLoopback && !access.allowAnonymous) {
    throw new ConfigError(
      "Bad environment: HOST: other machines can reach this address, so callers need keys. Set " +
        'API_KEYS_PATH ("deno task key new" makes keys) or JWT_ISSUER, or ALLOW_ANONYMOUS=true to let everybody ' +
        "call POST /authenticate",
    );
  }
  return access;
}

function tokenConfig(values: z.infer<typeof ApiEnvSchema>): AccessConfig["tokens"] {
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_KEYS_URL: keysUrl } = values;
  if ((issuer ?? audience ?? keysUrl) === undefined) return undefined;
  if (issuer === undefined || audience === undefined || keysUrl === undefined) {
    throw new ConfigError(
      "Bad environment: JWT_ISSUER, JWT_AUDIENCE, JWT_KEYS_URL: set all of them, or none",
    );
  }
  return {
    issuer,
    audience,
    keysUrl: new URL(keysUrl),
    scopeClaim: values.JWT_SCOPE_CLAIM,
    collectionClaim: values.JWT_COLLECTION_CLAIM,
  };
}

/** True when the workers are processes on this machine. */
function hasProcessPool({ POOL, KUBERNETES_SERVICE_HOST }: z.infer<typeof ApiEnvSchema>): boolean {
  return (POOL ?? (KUBERNETES_SERVICE_HOST === undefined ? "process" : "kubernetes")) === "process";
}

/** Settings of the parts that the api starts on this machine. */
interface LocalParts {
  /** The gallery's file for the workers, when it is set. */
  readonly embeddingsPath: string | undefined;
  readonly requireConsent: boolean;
}

function galleryConfig(
  values: z.infer<typeof ApiEnvSchema>,
  { embeddingsPath, requireConsent }: LocalParts,
): GalleryConfig {
  const { GALLERY_URL: url } = values;
  const isLocal = hasProcessPool(values);
  const mode = values.GALLERY_MODE ??
    (url !== undefined || isLocal && !embeddingsPath ? "service" : "workers");
  if (mode === "workers") {
    if (requireConsent) {
      throw new ConfigError(
        "Bad environment: REQUIRE_CONSENT: workers that hold the gallery know no consents. Use the " +
          "gallery service (GALLERY_MODE=service)",
      );
    }
    if (url === undefined) return { kind: "workers" };
    throw new ConfigError(
      "Bad environment: GALLERY_URL: cannot be set together with GALLERY_MODE=workers",
    );
  }
  if (isLocal && embeddingsPath) {
    throw new ConfigError(
      "Bad environment: EMBEDDINGS_PATH: the gallery service reads no gallery file. Set " +
        'GALLERY_MODE=workers, or import the file with "deno task gallery import"',
    );
  }
  if (!isLocal && url === undefined) {
    throw new ConfigError(
      "Bad environment: GALLERY_URL: must be set when GALLERY_MODE is service",
    );
  }
  return { kind: "service", url: url === undefined ? undefined : new URL(url) };
}

function poolConfig(values: z.infer<typeof ApiEnvSchema>): ApiConfig["pool"] {
  const inCluster = values.KUBERNETES_SERVICE_HOST !== undefined;
  if (hasProcessPool(values)) {
    // A gallery service that somebody else runs must know the keys.
    const tokenKeys = values.GALLERY_URL === undefined ? undefined : keyLocation(values);
    return { kind: "process", size: values.POOL_SIZE, tokenKeys };
  }
  const isProcess = values.ISOLATION === "process";
  const isKept = isProcess || values.REQUESTS_PER_WORKER > 1;
  // A claimed pod takes no request that could last longer than its claim. So a pod that is claimed
  // for little more than one request would be deleted before it has served any.
  if (isKept && values.LEASE_MAX_MS < values.REQUEST_TIMEOUT_MS * (isProcess ? 2 : 1)) {
    throw new ConfigError(
      "Bad environment: LEASE_MAX_MS: must be at least REQUEST_TIMEOUT_MS, and twice as much with " +
        "ISOLATION=process",
    );
  }
  return {
    kind: "kubernetes",
    namespace: values.WORKER_NAMESPACE,
    owner: values.POOL_OWNER,
    selector: values.WORKER_SELECTOR,
    workerPort: values.WORKER_PORT,
    leaseMaxMs: values.LEASE_MAX_MS,
    processes: values.ISOLATION === "pod"
      ? undefined
      : { perPod: values.PROCESSES_PER_POD, maxPods: values.MAX_CLAIMED_PODS },
    tokenKeys: keyLocation(values),
    inCluster,
  };
}

function keyLocation(values: z.infer<typeof ApiEnvSchema>): TokenKeyLocation {
  return tokenKeyLocation(
    "WORKER_TOKEN_PRIVATE_KEYS",
    values.WORKER_TOKEN_PRIVATE_KEYS_PATH,
    values.WORKER_TOKEN_PRIVATE_KEYS,
  );
}
