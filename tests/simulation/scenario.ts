/** The input of a simulation: a load, a pool, and the work of replacing a pod. */

import type { ClientLimit } from "./rate_limit.ts";

/** Everything that a simulation depends on. The same scenario has the same outcome at every run. */
export interface Scenario {
  /** Pods that the Deployment keeps: the chart's `poolSize`. */
  readonly poolSize: number;
  /** Requests per second, independent of each other (Poisson); 0 when only bursts come. */
  readonly ratePerSecond: number;
  /** Additional requests that all come at the same moment. */
  readonly burst?: { readonly size: number; readonly everySeconds: number };
  /** Seconds during which requests come. */
  readonly durationSeconds: number;
  readonly requestsPerWorker: number;
  readonly leaseMaxSeconds: number;
  readonly queueLimit: number;
  readonly timeoutSeconds: number;
  /** Mean seconds from a pod's binding until it is Ready, without `startCoreSeconds`. */
  readonly startSeconds: number;
  /** Standard deviation of the logarithm of `startSeconds`. */
  readonly startSigma: number;
  /** Core-seconds that the start of a pod needs. */
  readonly startCoreSeconds: number;
  /** Core-seconds that a request needs. */
  readonly requestCoreSeconds: number;
  /** Cores of all nodes that run workers. */
  readonly cores: number;
  readonly controller: ClientLimit;
  readonly scheduler: ClientLimit;
  readonly seed: number;
}

/** The assumptions of docs/scaling.md. That page gives the source of each. */
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
