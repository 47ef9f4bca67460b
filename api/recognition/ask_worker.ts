/** Gets the answer of a worker to a picture, and ends the worker's lease. */

import { delay as wait } from "../../shared/backoff.ts";
import type { WorkerModels } from "../../shared/contract/models_in_use.ts";
import { Problem } from "../../shared/contract/problem.ts";
import type { ApiMetrics } from "../metrics.ts";
import type { LeasedWorker, WorkerLease, WorkerPool } from "../../shared/pool/pool.ts";
import type { Seals } from "./seals.ts";
import type { WorkerResult } from "./worker_client.ts";

/** Services that {@linkcode askWorker} uses. */
export interface AskWorkerDeps {
  readonly pool: WorkerPool;
  readonly metrics: Pick<ApiMetrics, "observedLiveness">;
  /** Learns which models the workers have. */
  readonly models: { see(models: WorkerModels | undefined): void };
  readonly seals: Seals;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  /** Waits for milliseconds, or rejects with the signal's reason. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Signals that end the waits of a request. */
export interface Waits {
  /** Ends the wait for a worker's answer. */
  readonly answer: AbortSignal;
  /** Ends the wait for a worker. */
  readonly claim: AbortSignal;
  /** The reason of `claim` when the request has waited too long for a worker. */
  readonly queueEnded: Problem;
}

/** Number of workers that a request tries to reach. Used workers are not counted. */
const MAX_ATTEMPTS = 2;
/** Number of workers that one request may find used. Each of them is destroyed. */
const MAX_USED = 10;
/**
 * Number of workers that may refuse the token of one request. Each of them is destroyed, so a wrong
 * key must not cost a whole pool.
 */
const MAX_REFUSED_TOKENS = 3;
/** Pause between two tries to reach a new worker. */
const SETTLING_PAUSE_MS = 100;

/**
 * Leases a worker and sends it the picture. Asks another worker when a worker has surely not read the
 * picture.
 *
 * @param call Sends the picture
 * @param event Fields of the request's log line
 * @throws {Problem} the refusal of the picture, `no_worker_available` or `worker_failed`
 * @throws the reason of a signal
 */
export async function askWorker<Answer>(
  call: (worker: LeasedWorker, signal: AbortSignal) => Promise<WorkerResult<Answer>>,
  event: Record<string, unknown>,
  deps: AskWorkerDeps,
  waits: Waits,
): Promise<Answer> {
  const { pool, metrics, models, seals } = deps;
  for (let unreached = 0, unauthorized = 0, used = 0;;) {
    await using lease = await claim(pool, waits);
    const result = await callUntilReached(call, lease.worker, waits.answer, deps);
    switch (result.kind) {
      case "answer":
        lease.keep();
        if (result.liveness !== undefined) metrics.observedLiveness(result.liveness);
        models.see(result.models);
        seals.see(result.seal);
        return result.answer;
      case "refusal":
        lease.keep();
        models.see(result.models);
        seals.see(result.seal);
        throw result.problem;
      case "used":
        // The worker serves fewer requests than this api expects. This can happen during an
        // upgrade.
        if (++used < MAX_USED) continue;
        throw pool.refusal(
          "No worker could be asked",
          new Error(`${used} workers were used`, { cause: result.cause }),
        );
      case "unauthorized":
        // Also logged when another worker answers: a clock or a key needs attention.
        event["tokens_refused"] = ++unauthorized;
        event["token_cause"] = result.cause.message;
        lease.distrust();
        if (unauthorized < MAX_REFUSED_TOKENS) continue;
        throw pool.refusal("No worker could be asked", result.cause);
      case "unreached":
        lease.distrust();
        if (++unreached < MAX_ATTEMPTS) continue;
        throw workerFailed(result.cause);
      case "failed":
        lease.distrust();
        throw workerFailed(result.cause);
    }
  }
}

/** Sends the picture, again and again while the network may not let the api reach the worker yet. */
async function callUntilReached<Answer>(
  call: (worker: LeasedWorker, signal: AbortSignal) => Promise<WorkerResult<Answer>>,
  worker: LeasedWorker,
  signal: AbortSignal,
  { now = () => performance.now(), delay = wait }: Pick<AskWorkerDeps, "now" | "delay">,
): Promise<WorkerResult<Answer>> {
  const started = now();
  for (;;) {
    const result = await call(worker, signal);
    const isNew = now() - started < (worker.settlingMs ?? 0);
    if (result.kind !== "unreached" || !isNew) return result;
    await delay(SETTLING_PAUSE_MS, signal);
  }
}

async function claim(pool: WorkerPool, waits: Waits): Promise<WorkerLease> {
  try {
    return await pool.claim(waits.claim);
  } catch (error) {
    if (error === waits.queueEnded) throw pool.refusal("No worker became free in time");
    throw error;
  }
}

function workerFailed(cause: unknown): Problem {
  return new Problem(
    "worker_failed",
    "The worker failed before it answered; the request can be sent again",
    { cause },
  );
}
