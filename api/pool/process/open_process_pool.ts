/** Opens the pool of worker processes on this machine. */

import { makePrivateKey, parsePrivateKeys, publicHalves } from "../../../shared/http/token_keys.ts";
import type { ApiConfig, ProcessPoolConfig } from "../../config.ts";
import { localWorker } from "./local_worker.ts";
import type { OpenedPool, OpenPoolServices } from "../opened_pool.ts";
import { ProcessPool } from "./process_pool.ts";
import { createWorkerLauncher } from "./worker_process.ts";

const WORKER_START_TIMEOUT_MS = 30_000;

/** Opens the pool. The workers take their settings from this process's environment. */
export async function openProcessPool(
  config: ApiConfig,
  { size }: ProcessPoolConfig,
  { log, metrics, now }: OpenPoolServices,
): Promise<OpenedPool> {
  // The workers end with this process, so every start can use a new key. The private key stays here.
  const tokenKeys = await parsePrivateKeys(await makePrivateKey());
  const { env, readable } = localWorker(Deno.env, config.gallery.kind);
  const logFormat = config.log.format === "auto" && Deno.stderr.isTerminal()
    ? "pretty"
    : config.log.format;
  const pool = new ProcessPool({
    size,
    queueLimit: config.queueLimit,
    requestsPerWorker: config.requestsPerWorker,
    launch: createWorkerLauncher({
      env: { ...env, LOG_FORMAT: logFormat, WORKER_TOKEN_PUBLIC_KEYS: publicHalves(tokenKeys) },
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
