/** What is simulated: a load, a pool, and what replacing a pod takes. */

import type { ClientLimit } from "./rate_limit.ts";

/** All that a simulation depends on: the same scenario has the same outcome at every run. */
export interface Scenario {
  /** Pods that the Deployment keeps. */
  readonly poolSize: number;
  /** Requests per second, independent of each other (Poisson); 0 for bursts alone. */
  readonly ratePerSecond: number;
  /** Further requests that come at the same moment. */
  readonly burst?: { readonly size: number; readonly everySeconds: number };
  /** Requests come for so long. */
  readonly durationSeconds: number;
  readonly requestsPerWorker: number;
  readonly leaseMaxSeconds: number;
  readonly queueLimit: number;
  readonly timeoutSeconds: number;
  /** From a pod's binding to Ready, besides the work below; on average. */
  readonly startSeconds: number;
  /** The standard deviation of the logarithm of that time. */
  readonly startSigma: number;
  /** The cores' work for a pod's start. */
  readonly startCoreSeconds: number;
  /** The cores' work for a request. */
  readonly requestCoreSeconds: number;
  /** Cores of all nodes that run workers. */
  readonly cores: number;
  readonly controller: ClientLimit;
  readonly scheduler: ClientLimit;
  readonly seed: number;
}

/** What docs/scaling.md assumes, with its sources. */
export const ASSUMED: Omit<Scenario, "poolSize" | "ratePerSecond" | "durationSeconds"> = {
  requestsPerWorker: 1,
  leaseMaxSeconds: 300,
  queueLimit: 64,
  timeoutSeconds: 10,
  startSeconds: 1,
  startSigma: 0.3,
  startCoreSeconds: 1,
  requestCoreSeconds: 0.02,
  cores: 16,
  controller: { qps: 20, burst: 30 },
  scheduler: { qps: 50, burst: 100 },
  seed: 1,
};
