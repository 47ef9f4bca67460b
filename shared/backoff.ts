/** Waits between retries. */

/** Bounds of {@linkcode backoffMs}. */
export interface BackoffOptions {
  /** Wait after the first failure, in milliseconds. */
  readonly firstMs: number;
  /** Longest wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * Returns the wait in milliseconds after a number of failures in a row. The wait doubles with each
 * failure. Half of the wait is random ("equal jitter"): clients that fail at the same time then
 * retry at different times.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const options = { firstMs: 100, maxMs: 1000 };
 * assertEquals([1, 2, 3, 9].map((n) => backoffMs(n, options, 1)), [100, 200, 400, 1000]);
 * assertEquals(backoffMs(1, options, 0), 50);
 * ```
 *
 * @param failures Number of failures in a row, at least 1
 * @param options Bounds of the wait
 * @param random A random number, 0 to 1
 */
export function backoffMs(failures: number, options: BackoffOptions, random: number): number {
  const full = Math.min(options.firstMs * 2 ** (failures - 1), options.maxMs);
  return full / 2 + (full / 2) * random;
}

/**
 * Waits for a number of milliseconds, or until the signal aborts.
 *
 * @throws the signal's reason
 */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}
