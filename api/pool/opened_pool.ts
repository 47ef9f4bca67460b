/** The types that every backend uses when it opens its pool. */

import type { Logger } from "../../shared/log.ts";
import type { ApiMetrics } from "../metrics.ts";
import type { SigningKeys } from "../../shared/http/token_keys.ts";
import type { WorkerPool } from "../../shared/pool/pool.ts";

/** A pool that is open. */
export interface OpenedPool {
  readonly pool: WorkerPool;
  /** Returns the private keys whose public halves the workers have now. */
  readonly tokenKeys: () => SigningKeys;
  /**
   * Resolves when the first worker is ready; rejects when the first worker fails to start. Only a
   * pool that starts its own workers has this promise.
   */
  readonly started?: Promise<void>;
}

/** Services that every backend of the pool uses. */
export interface OpenPoolServices {
  readonly log: Logger;
  readonly metrics: ApiMetrics;
  /** Returns milliseconds of a monotonic clock. */
  readonly now: () => number;
}
