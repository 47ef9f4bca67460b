/** A load on a pool, and the pods that it needs. */

import { ASSUMED, type Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { summarise, type Summary } from "./summary.ts";

/** A steady load, with the values that differ from {@linkcode ASSUMED}. */
export type Load = Partial<Scenario> & { readonly ratePerSecond: number };

const REQUESTS = 10_000;
/** The first requests do not count. After them, a pool that is too small is empty. */
const WARM_UP_REQUESTS = 2_500;
/** Size of a pool that is never empty. */
const PLENTY = 1_000_000;

/** Returns the scenario of this load on a pool of this size, for about 12,500 requests. */
export function withPool(load: Load, poolSize: number): Scenario {
  const durationSeconds = (WARM_UP_REQUESTS + REQUESTS) / load.ratePerSecond;
  return { ...ASSUMED, durationSeconds, ...load, poolSize };
}

/** Returns the mean number of pods that are being replaced, in a pool that is never empty. */
export function podsNeeded(load: Load): number {
  return simulate(withPool(load, PLENTY)).meanMissing;
}

/** Returns the waits and the share of shed requests for a pool of this size. */
export function measure(load: Load, poolSize: number): Summary {
  return summarise(simulate(withPool(load, poolSize)).decisions, WARM_UP_REQUESTS);
}
