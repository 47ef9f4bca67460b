/** Reads the supervisor's configuration from its environment. */

import { z } from "zod";
import { RECOGNITION_ENV, WORKER_ENV_NAMES } from "../shared/contract/worker_env.ts";
import { SUPERVISOR_ENV } from "../shared/contract/supervisor_env.ts";
import { type Environment, parseEnv } from "../shared/env.ts";
import { type TokenKeyLocation, tokenKeyLocation } from "../shared/http/token_key_location.ts";
import type { LogOptions } from "../shared/log.ts";
import type { WorkerSettings } from "../shared/pool/process/worker_process.ts";
import { quietLogLevel } from "../shared/process/log_of_started.ts";
import { SETTINGS } from "../shared/setting.ts";
import { splitPaths } from "../shared/split_paths.ts";

/** The supervisor's settings, parsed once at the start. */
export interface SupervisorConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: LogOptions;
  /** Name of the pod. A token for the supervisor has this name as its audience. */
  readonly name: string;
  /** Place of the public keys that verify tokens. */
  readonly tokenKeys: TokenKeyLocation;
  /** Route of the processes that answers about a picture. */
  readonly answersWith: "authenticate" | "embed";
  /** Number of processes that wait for a request. */
  readonly processes: number;
  /** Number of requests that a process serves. */
  readonly requestsPerWorker: number;
  /** Number of requests that all processes serve together. */
  readonly requestsPerPod: number;
  /** Settings of the processes. */
  readonly worker: WorkerSettings;
}

/** Settings that each process gets another value for. */
const OWN_NAMES = ["HOST", "PORT", "WORKER_NAME", "EXIT_ON_STDIN_EOF"];

/**
 * Reads the configuration.
 *
 * @throws {ConfigError} naming each variable that is missing or invalid
 */
export function readSupervisorConfig(env: Environment): SupervisorConfig {
  const values = parseEnv(z.object(SUPERVISOR_ENV), env);
  const tokenKeys = tokenKeyLocation(
    "WORKER_TOKEN_PUBLIC_KEYS",
    values.WORKER_TOKEN_PUBLIC_KEYS_PATH,
    values.WORKER_TOKEN_PUBLIC_KEYS,
  );
  const paths = Object.entries(RECOGNITION_ENV)
    .filter(([, schema]) => SETTINGS.get(schema)?.isPath)
    .map(([name]) => values[name as keyof typeof RECOGNITION_ENV])
    .filter((path) => typeof path === "string");
  const given = WORKER_ENV_NAMES.filter((name) => !OWN_NAMES.includes(name))
    .flatMap((name) => {
      const value = env.get(name);
      return value ? [[name, value]] : [];
    });
  return Object.freeze({
    host: values.HOST,
    port: values.PORT,
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT, service: "supervisor" },
    name: values.WORKER_NAME,
    tokenKeys,
    answersWith: values.GALLERY_MODE === "service" ? "embed" : "authenticate",
    processes: values.PROCESSES_PER_POD,
    requestsPerWorker: values.REQUESTS_PER_WORKER,
    requestsPerPod: values.REQUESTS_PER_POD,
    worker: {
      env: {
        ...Object.fromEntries(given),
        LOG_LEVEL: quietLogLevel(values.LOG_LEVEL),
        // The processes of a pod are of one user: only the seal keeps them apart.
        REQUIRE_SEAL: "true",
        // In a cluster, a changed gallery is a rollout.
        FOLLOW_GALLERY: "false",
      },
      readable: [
        ...paths,
        ...paths.filter((path) => path.endsWith(".onnx")).flatMap((path) => {
          const { graph, weights, record } = splitPaths(path);
          return [graph, weights, record];
        }),
        ..."path" in tokenKeys ? [tokenKeys.path] : [],
      ],
    },
  });
}
