/** Waiting between tries. */

/** Bounds of {@linkcode backoffMs}. */
export interface BackoffOptions {
  /** After the first failure, in milliseconds. */
  readonly firstMs: number;
  /** After many, in milliseconds. */
  readonly maxMs: number;
}

/**
 * How long to wait after the `failures`-th failure in a row: doubling, with "equal jitter" (half of
 * it is random), so that many who failed together do not try again together.
 *
 * @param failures At least 1
 * @param options Bounds
 * @param random 0 to 1
 */
export function backoffMs(failures: number, options: BackoffOptions, random: number): number {
  const full = Math.min(options.firstMs * 2 ** (failures - 1), options.maxMs);
  return full / 2 + (full / 2) * random;
}

/**
 * Waits.
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
