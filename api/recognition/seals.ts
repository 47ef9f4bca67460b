/** Counts how far workers have closed themselves in, and warns once when they have not. */

import type { SealState } from "../../shared/contract/worker_seal.ts";
import type { Logger } from "../../shared/log.ts";
import type { ApiMetrics } from "../metrics.ts";

/** Learns the seals that workers say to have. */
export interface Seals {
  /** Records what a worker tells with an answer; undefined when it tells nothing. */
  see(seal: SealState | undefined): void;
}

/** Makes the record. One line for all workers: a pool makes a new worker for each request. */
export function createSeals(
  metrics: Pick<ApiMetrics, "workerAnswered">,
  log: Pick<Logger, "info" | "warn">,
): Seals {
  let latest: SealState = "full";
  return {
    see(seal = "none") {
      metrics.workerAnswered(seal);
      if (seal === latest) return;
      latest = seal;
      if (seal === "full") log.info({ seal }, "workers are sealed");
      else log.warn({ seal }, "workers are not sealed: docs/sealing.md says what that means");
    },
  };
}
