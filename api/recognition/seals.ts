/** Counts how far workers have closed themselves in, and logs each state once. */

import type { SealState } from "../../shared/contract/worker_seal.ts";
import type { Logger } from "../../shared/log.ts";
import type { ApiMetrics } from "../metrics.ts";

/** Learns the seals that workers say to have. */
export interface Seals {
  /** Records what a worker tells with an answer; undefined when it tells nothing. */
  see(seal: SealState | undefined): void;
}

/**
 * Makes the record. Each state is logged once for all workers: a pool makes a new worker for each
 * request, and during a rollout workers with different seals answer in turns.
 */
export function createSeals(
  metrics: Pick<ApiMetrics, "workerAnswered">,
  log: Pick<Logger, "warn">,
): Seals {
  // A full seal is as it should be.
  const logged = new Set<SealState>(["full"]);
  return {
    see(seal = "none") {
      metrics.workerAnswered(seal);
      if (logged.has(seal)) return;
      logged.add(seal);
      log.warn({ seal }, "workers are not sealed: docs/sealing.md says what that means");
    },
  };
}
