/** The limit of a Kubernetes component on its own calls to the API server. */

/** Settings of a component. */
export interface ClientLimit {
  /** Calls per second in the long run: kube-api-qps. */
  readonly qps: number;
  /** Calls at once after a pause: kube-api-burst. */
  readonly burst: number;
}

/** A token bucket whose callers wait in a queue, as in client-go. */
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
   * @param now Seconds, never less than in the call before
   * @returns Seconds until the call can be made
   */
  take(now: number): number {
    const { qps, burst } = this.#limit;
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#at) * qps) - 1;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : -this.#tokens / qps;
  }
}
