/** The rule of docs/scaling.md for the size of the pool. */

/** Reserve, in standard deviations. */
const RESERVE = 3;

/**
 * Returns the number of pods with which nearly no request waits. It is the number of pods that are
 * being replaced on average, plus a reserve. The average is the rate times the refill time (Little,
 * "A proof for the queuing formula L = λW", 1961). The reserve is in proportion to the square root
 * of the average (Halfin and Whitt, "Heavy-traffic limits for queues with many exponential servers",
 * 1981).
 *
 * @param meanMissing Pods claimed per second times the seconds until another pod is Ready
 */
export function poolSize(meanMissing: number): number {
  return Math.ceil(meanMissing + RESERVE * Math.sqrt(meanMissing));
}
