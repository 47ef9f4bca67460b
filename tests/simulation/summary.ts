/** The outcome of a simulation in figures that clients feel. */

import type { Decision } from "./simulate.ts";

/** The figures of docs/scaling.md. */
export interface Summary {
  /** Median seconds that requests waited for their worker; requests without a worker do not count. */
  readonly waitP50: number;
  /** 99th percentile of the same. */
  readonly waitP99: number;
  /** Share of all requests that were refused or late, 0 to 1. */
  readonly shed: number;
}

/**
 * Summarises the outcomes of requests.
 *
 * @param first The first request that counts; earlier requests found a pool that was still full
 */
export function summarise(decisions: readonly Decision[], first: number): Summary {
  const counted = decisions.filter(({ request }) => request >= first);
  const waits = counted.flatMap(({ waitSeconds }) => waitSeconds ?? []).sort((a, b) => a - b);
  const quantile = (share: number) => waits[Math.ceil(share * waits.length) - 1] ?? 0;
  const shed = counted.filter(({ outcome }) => outcome !== "answered").length;
  return { waitP50: quantile(0.5), waitP99: quantile(0.99), shed: shed / counted.length };
}
