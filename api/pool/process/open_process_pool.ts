/** Opens the pool of worker processes on this machine. */

import { publicHalves, type SigningKeys } from "../../../shared/http/token_keys.ts";
import type { ApiConfig, ProcessPoolConfig } from "../../config.ts";
import { localWorker } from "./local_worker.ts";
import type { OpenedPool, OpenPoolServices } from "../opened_pool.ts";
import { ProcessPool } from "../../../shared/pool/process/process_pool.ts";
import { startedLogFormat } from "../../../shared/process/log_of_started.ts";
import { createWorkerLauncher } from "../../../shared/pool/process/worker_process.ts";

const WORKER_START_TIMEOUT_MS = 30_000;

/**
 * Opens the pool. The workers take their settings from this process's environment.
 *
 * @param tokenKeys The keys whose public halves the workers get
 */
export function openProcessPool(
  config: ApiConfig,
  { size }: ProcessPoolConfig,
  tokenKeys: SigningKeys,
  { log, metrics, now }: OpenPoolServices,
): OpenedPool {
  const { env, readable } = localWorker(Deno.env, config.gallery.kind);
  const pool = new ProcessPool({
    size,
    queueLimit: config.queueLimit,
    requestsPerWorker: config.requestsPerWorker,
    launch: createWorkerLauncher({
      env: {
        ...env,
        LOG_FORMAT: startedLogFormat(config.log),
        WORKER_TOKEN_PUBLIC_KEYS: publicHalves(tokenKeys),
      },
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
