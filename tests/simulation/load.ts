/** A load on a pool, and what it needs. */

import { ASSUMED, type Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { summarise, type Summary } from "./summary.ts";

/** A steady load, and what is other than assumed. */
export type Load = Partial<Scenario> & { readonly ratePerSecond: number };

const REQUESTS = 10_000;
/** By then a pool that is too small is empty. */
const WARM_UP_REQUESTS = 2_500;
/** A pool that never runs out. */
const PLENTY = 1_000_000;

/** The load on a pool of that size, for about 12,500 requests. */
export function withPool(load: Load, poolSize: number): Scenario {
  const durationSeconds = (WARM_UP_REQUESTS + REQUESTS) / load.ratePerSecond;
  return { ...ASSUMED, durationSeconds, ...load, poolSize };
}

/** The mean number of pods that are being replaced, in a pool that never runs out. */
export function podsNeeded(load: Load): number {
  return simulate(withPool(load, PLENTY)).meanMissing;
}

/** What the clients of a pool meet. */
export function measure(load: Load, poolSize: number): Summary {
  return summarise(simulate(withPool(load, poolSize)).decisions, WARM_UP_REQUESTS);
}
