/** When a client that is turned away should come again. */

/** Before anything is measured: about what a process or a pod needs. */
const ASSUMED_REFILL_MS = 1000;
/** Weight of the newest interval in the moving average. */
const NEWEST_WEIGHT = 0.2;
const MAX_SECONDS = 60;

/**
 * Measures how fast workers come free while somebody waits, and promises times accordingly: each
 * refused client is told the moment at which, after all who wait and all who were promised a time
 * before, a worker should be free. Obeyed, the refused come back at the rate of the refill instead
 * of all at once.
 */
export class RetryAfter {
  readonly #now: () => number;
  #refillMs: number | undefined;
  #lastArrival: number | undefined;
  #promisedUntil = -Infinity;

  /**
   * Knows nothing yet.
   *
   * @param now Milliseconds of a monotonic clock
   */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Says what to go by until an interval is measured: how long the pool took to fill, per worker.
   *
   * @param refillMs Milliseconds from one worker to the next
   */
  assume(refillMs: number): void {
    this.#refillMs ??= refillMs;
  }

  /**
   * A worker came free.
   *
   * @param waiters How many waited before it came; with none the pool was ahead of the demand, so
   * that the interval says nothing
   */
  workerArrived(waiters: number): void {
    const now = this.#now();
    // The demand is met: who was promised a later time will find a worker whenever they come.
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
   * Promises a time to a client that is refused now.
   *
   * @param waiters How many are ahead of it
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
    // A clock's fractions may add up to a hair more than the latest.
    const seconds = Math.ceil((this.#promisedUntil - now) / 1000);
    return Math.min(Math.max(1, seconds), MAX_SECONDS);
  }
}
