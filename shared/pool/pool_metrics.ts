/** The measurements that every pool reports. */

/** Events of a pool. */
export interface PoolMetrics {
  /** Seconds to claim a worker, without the time in the queue. */
  claimSeconds(seconds: number): void;
  /** Seconds that a claim waited in the queue, 0 when it did not wait. */
  waitSeconds(seconds: number): void;
  /** A request was refused because no worker was available. */
  shed(): void;
  /** A worker was removed outside a request, for this reason. */
  reaped(reason: string): void;
}
