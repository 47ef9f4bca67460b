/** Opens the pool of worker processes on this machine. */

import { parseTokenKeys, randomTokenKey } from "../../../shared/http/worker_token.ts";
import type { ApiConfig, ProcessPoolConfig } from "../../config.ts";
import { localWorker } from "./local_worker.ts";
import type { OpenedPool, OpenPoolServices } from "../opened_pool.ts";
import { ProcessPool } from "./process_pool.ts";
import { createWorkerLauncher } from "./worker_process.ts";

const WORKER_START_TIMEOUT_MS = 30_000;

/** Opens the pool. The workers take their settings from this process's environment. */
export function openProcessPool(
  config: ApiConfig,
  { size }: ProcessPoolConfig,
  { log, metrics, now }: OpenPoolServices,
): OpenedPool {
  // The workers end with this process, so every start can use a new key.
  const tokenKey = randomTokenKey();
  const tokenKeys = parseTokenKeys(tokenKey);
  const { env, readable } = localWorker(Deno.env);
  const logFormat = config.log.format === "auto" && Deno.stderr.isTerminal()
    ? "pretty"
    : config.log.format;
  const pool = new ProcessPool({
    size,
    queueLimit: config.queueLimit,
    requestsPerWorker: config.requestsPerWorker,
    launch: createWorkerLauncher({
      env: { ...env, LOG_FORMAT: logFormat, WORKER_TOKEN_KEYS: tokenKey },
      readable,
      startTimeoutMs: WORKER_START_TIMEOUT_MS,
    }),
    log,
    metrics: metrics.pool,
    now,
    random: Math.random,
  });
  return { pool, tokenKeys: () => tokenKeys, started: pool.started };
}
