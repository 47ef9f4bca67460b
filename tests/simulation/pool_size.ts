/** The rule of docs/scaling.md for choosing the pool's size. */

/** Standard deviations of reserve. */
const RESERVE = 3;

/**
 * How many pods keep nearly all requests from waiting: the pods that are being replaced on average,
 * which is rate times refill time (Little, "A proof for the queuing formula L = λW", 1961), and a
 * reserve in proportion to its square root (Halfin and Whitt, "Heavy-traffic limits for queues with
 * many exponential servers", 1981).
 *
 * @param meanMissing Pods claimed per second times the seconds until another is Ready
 */
export function poolSize(meanMissing: number): number {
  return Math.ceil(meanMissing + RESERVE * Math.sqrt(meanMissing));
}
