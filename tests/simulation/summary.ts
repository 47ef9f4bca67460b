/** What a simulation means for clients. */

import type { Decision } from "./simulate.ts";

/** The figures of docs/scaling.md. */
export interface Summary {
  /** The wait for a worker of those who got one, in seconds. */
  readonly waitP50: number;
  readonly waitP99: number;
  /** Share of the requests that were refused or late. */
  readonly shed: number;
}

/**
 * Summarises what became of the requests.
 *
 * @param first The first request that counts: those before it met a pool that was still full
 */
export function summarise(decisions: readonly Decision[], first: number): Summary {
  const counted = decisions.filter(({ request }) => request >= first);
  const waits = counted.flatMap(({ waitSeconds }) => waitSeconds ?? []).sort((a, b) => a - b);
  const quantile = (share: number) => waits[Math.ceil(share * waits.length) - 1] ?? 0;
  const shed = counted.filter(({ outcome }) => outcome !== "answered").length;
  return { waitP50: quantile(0.5), waitP99: quantile(0.99), shed: shed / counted.length };
}
