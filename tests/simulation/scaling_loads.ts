/** The loads that docs/scaling.md shows. */

import type { Load } from "./load.ts";

/** Loads below all limits. */
export const STEADY: readonly Load[] = [
  { ratePerSecond: 1, cores: 2 },
  { ratePerSecond: 2, cores: 4 },
  { ratePerSecond: 5 },
  { ratePerSecond: 10 },
  { ratePerSecond: 5, startSeconds: 9 },
  { ratePerSecond: 14, cores: 64 },
  { ratePerSecond: 18, cores: 64 },
  { ratePerSecond: 25, cores: 64, controller: { qps: 100, burst: 150 } },
];

/** Loads below all limits, with workers that serve many requests. */
export const REUSE: readonly Load[] = [
  { ratePerSecond: 80, requestsPerWorker: 10 },
  { ratePerSecond: 80, requestsPerWorker: 50 },
  { ratePerSecond: 250, requestsPerWorker: 50 },
];

/** Loads over a limit. */
export const EXCESSIVE: readonly (readonly [load: Load, poolSizes: readonly number[]])[] = [
  [{ ratePerSecond: 3, cores: 2 }, [8, 100]],
  [{ ratePerSecond: 25, cores: 64 }, [100, 300]],
];

/** Bursts of requests that come at the same moment. */
export const BURSTS: readonly (readonly [size: number, poolSizes: readonly number[]])[] = [
  [50, [50, 25, 10]],
  [100, [100, 50, 36, 20]],
];

/** Loads of the plot docs/scaling.svg. */
export const PLOTTED: readonly Load[] = [
  { ratePerSecond: 1 },
  { ratePerSecond: 2 },
  { ratePerSecond: 5 },
  { ratePerSecond: 10 },
];
