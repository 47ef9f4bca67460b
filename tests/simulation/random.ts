/** Random durations that are the same at every run. */

import { seededRandom } from "../support/seeded_random.ts";

/** A stream of random durations. */
export class Random {
  readonly #next: () => number;

  /** Starts the stream of a seed, which is an integer. Different seeds give different streams. */
  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** Returns a number between 0 and 1, evenly distributed. */
  uniform(): number {
    return this.#next();
  }

  /** Returns the time to the next event, when events are independent of each other. */
  exponential(mean: number): number {
    return -mean * Math.log(this.uniform());
  }

  /**
   * Returns a duration that is never negative and sometimes long.
   *
   * @param mean Mean of the durations, not of their logarithms
   * @param sigma Standard deviation of their logarithms
   */
  logNormal(mean: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(this.uniform())) *
      Math.cos(2 * Math.PI * this.uniform());
    return mean * Math.exp(sigma * normal - sigma * sigma / 2);
  }
}
