/** Stops waiting for a promise when a signal aborts. */

/**
 * Settles as `promise` does, or rejects as soon as `signal` aborts. The work behind the promise
 * continues after an abort; its result or error is then ignored.
 *
 * @throws the signal's reason
 *
 * @example The wait for a promise that never settles ends when the signal aborts
 * ```ts
 * import { assertRejects } from "@std/assert";
 *
 * const controller = new AbortController();
 * const waiting = abortable(new Promise(() => {}), controller.signal);
 * controller.abort(new RangeError("The client has disconnected"));
 * await assertRejects(() => waiting, RangeError);
 * ```
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  });
}
