/** Limits the time of a piece of work. */

/** A signal that aborts after a time. Disposing of it ends its timer. */
export interface TimeLimit extends Disposable {
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
}

/**
 * Starts a limit of time. The timer of `AbortSignal.timeout` would go on after the end of the work.
 *
 * @param ms Milliseconds until the signal aborts
 * @param reason Makes the signal's reason; by default an AbortError
 *
 * @example A limit that is disposed of does not abort its signal
 * ```ts
 * import { assert } from "@std/assert";
 *
 * let signal: AbortSignal;
 * {
 *   using limit = startTimeLimit(0, () => new RangeError("Too late"));
 *   signal = limit.signal;
 * }
 * await new Promise((resolve) => setTimeout(resolve, 1));
 * assert(!signal.aborted);
 * ```
 */
export function startTimeLimit(ms: number, reason?: () => unknown): TimeLimit {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(reason?.()), ms);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
