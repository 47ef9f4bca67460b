/** What the api's start needs of a pool, whatever it is made of. */

import type { Logger } from "../../shared/log.ts";
import type { ApiMetrics } from "../metrics.ts";
import type { TokenKeys } from "../../shared/http/worker_token.ts";
import type { WorkerPool } from "./pool.ts";

/** A pool that was opened. */
export interface OpenedPool {
  readonly pool: WorkerPool;
  /** The keys that its workers accept at the moment. */
  readonly tokenKeys: () => TokenKeys;
  /**
   * For a pool that starts its workers itself: resolves with the first one that is ready, rejects
   * when the first could not start.
   */
  readonly started?: Promise<void>;
}

/** What a pool is opened with beside its configuration. */
export interface PoolSurroundings {
  readonly log: Logger;
  readonly metrics: ApiMetrics;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}
