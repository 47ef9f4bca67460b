/** Summarises a simulation by the figures that clients notice. */

import type { Decision } from "./simulate.ts";

/** The figures of docs/scaling.md. */
export interface Summary {
  /** Median of the seconds that requests waited. Requests that got no worker do not count. */
  readonly waitP50: number;
  /** 99th percentile of the same seconds. */
  readonly waitP99: number;
  /** Share of all requests that were refused or late, 0 to 1. */
  readonly shed: number;
}

/**
 * Summarises the outcomes of requests.
 *
 * @param first Number of the first request that counts. Earlier requests found a pool still full
 */
export function summarise(decisions: readonly Decision[], first: number): Summary {
  const counted = decisions.filter(({ request }) => request >= first);
  const waits = counted.flatMap(({ waitSeconds }) => waitSeconds ?? []).sort((a, b) => a - b);
  const quantile = (share: number) => waits[Math.ceil(share * waits.length) - 1] ?? 0;
  const shed = counted.filter(({ outcome }) => outcome !== "answered").length;
  return { waitP50: quantile(0.5), waitP99: quantile(0.99), shed: shed / counted.length };
}
