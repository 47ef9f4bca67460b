/** The lease of a worker, the same for every backend. */

import type { LeasedWorker, WorkerLease } from "./pool.ts";

/**
 * Makes the lease of a worker.
 *
 * @param worker The worker that the lease is for
 * @param onEnd Called when the lease ends, and only once, even if the lease is disposed of several
 * times. `kept` is true when the request has called `keep`; `isTrusted` is false when it has called
 * `distrust`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const ends: string[] = [];
 * const worker = { name: "worker-1", url: new URL("http://127.0.0.1:8080") };
 * {
 *   await using leased = lease(worker, (kept) => ends.push(kept ? "kept" : "destroyed"));
 *   leased.keep();
 * }
 * assertEquals(ends, ["kept"]);
 * ```
 */
export function lease(
  worker: LeasedWorker,
  onEnd: (kept: boolean, isTrusted: boolean) => void,
): WorkerLease {
  let kept = false, isTrusted = true, ended = false;
  return {
    worker,
    keep: () => {
      kept = true;
    },
    distrust: () => {
      isTrusted = false;
    },
    [Symbol.asyncDispose]: () => {
      if (!ended) {
        ended = true;
        onEnd(kept && isTrusted, isTrusted);
      }
      return Promise.resolve();
    },
  };
}
