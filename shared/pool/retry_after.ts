/** Computes when a refused client should retry. */

/** Interval before one is measured: about the time that a process or a pod needs to start. */
const ASSUMED_REFILL_MS = 1000;
/** Weight of the newest interval in the moving average. */
const NEWEST_WEIGHT = 0.2;
const MAX_SECONDS = 60;

/**
 * Measures how fast workers become free while claims wait, and gives each refused client a time to
 * retry. By that time, workers should be free for all waiting claims, for all clients that were
 * given an earlier time, and for this client. So refused clients do not retry all together, but one
 * after another, at the rate at which workers become free.
 *
 * @example Each refused client is given a later time
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const retryAfter = new RetryAfter(() => performance.now());
 * // Two claims wait already. A worker is assumed to become free every second.
 * assertEquals(retryAfter.promise(2), 3);
 * assertEquals(retryAfter.promise(2), 4);
 * ```
 */
export class RetryAfter {
  readonly #now: () => number;
  #refillMs: number | undefined;
  #lastArrival: number | undefined;
  #promisedUntil = -Infinity;

  /**
   * Starts without a measured interval.
   *
   * @param now Returns milliseconds of a monotonic clock
   */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Sets the interval to use until one is measured: how long the pool took to fill, per worker.
   *
   * @param refillMs Milliseconds from one worker to the next
   */
  assume(refillMs: number): void {
    this.#refillMs ??= refillMs;
  }

  /**
   * Records that a worker has become free.
   *
   * @param waiters Number of claims that waited for a worker. When none waited, the pool was faster
   * than the demand, and the interval is not measured
   */
  workerArrived(waiters: number): void {
    const now = this.#now();
    // No claim waits, so there are enough workers for the clients that were given a later time.
    if (waiters === 0) this.#promisedUntil = -Infinity;
    if (waiters > 0 && this.#lastArrival !== undefined) {
      const interval = now - this.#lastArrival;
      this.#refillMs = this.#refillMs === undefined
        ? interval
        : NEWEST_WEIGHT * interval + (1 - NEWEST_WEIGHT) * this.#refillMs;
    }
    this.#lastArrival = waiters > 0 ? now : undefined;
  }

  /**
   * Returns the time after which a client that is refused now should retry.
   *
   * @param waiters Number of claims that wait now
   * @returns Whole seconds, 1 to 60
   */
  promise(waiters: number): number {
    const now = this.#now();
    const refillMs = this.#refillMs ?? ASSUMED_REFILL_MS;
    const afterWaiters = now + waiters * refillMs;
    const latest = now + MAX_SECONDS * 1000;
    this.#promisedUntil = Math.min(
      Math.max(this.#promisedUntil, afterWaiters) + refillMs,
      latest,
    );
    // Rounding errors of the clock's fractions can make this slightly more than 60 s.
    const seconds = Math.ceil((this.#promisedUntil - now) / 1000);
    return Math.min(Math.max(1, seconds), MAX_SECONDS);
  }
}
