/** The limit of a Kubernetes component on its own calls to the API server. */

/** Settings of the limit. */
export interface ClientLimit {
  /** Calls per second in the long run: kube-api-qps. */
  readonly qps: number;
  /** Number of calls that need not wait after a pause: kube-api-burst. */
  readonly burst: number;
}

/** A token bucket with a queue of waiting callers, as in client-go. */
export class RateLimit {
  readonly #limit: ClientLimit;
  #tokens: number;
  #at = 0;

  constructor(limit: ClientLimit) {
    this.#limit = limit;
    this.#tokens = limit.burst;
  }

  /**
   * Takes a place in the queue.
   *
   * @param now Time in seconds; must not be earlier than in the previous call of `take`
   * @returns Seconds until the call can be made
   */
  take(now: number): number {
    const { qps, burst } = this.#limit;
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#at) * qps) - 1;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : -this.#tokens / qps;
  }
}
