/** Services that the parts of the pool on Kubernetes share. Tests replace each of them. */

import type { Logger } from "../../../shared/log.ts";
import type { ApiPoolMetrics } from "../../metrics.ts";
import type { PodApi } from "./api_server/pod_api.ts";

/** The API server, the log, the metrics, the clock and random numbers. */
export interface PoolServices {
  readonly api: PodApi;
  readonly log: Logger;
  readonly metrics: ApiPoolMetrics;
  /** Returns milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Waits; rejects when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Returns a random number: at least 0, less than 1. */
  readonly random: () => number;
  /** Returns an id that no other claim has. */
  readonly newClaimId: () => string;
}
