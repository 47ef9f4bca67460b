/** Random numbers that are the same at every run. */

/** A stream of random numbers: a Weyl sequence through the finaliser of MurmurHash3. */
export class Random {
  #state: number;

  /**
   * A stream of its own for each seed.
   *
   * @param seed An integer
   */
  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1);
  }

  /** Between 0 and 1, neither of them. */
  uniform(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (((bits ^ (bits >>> 16)) >>> 0) + 0.5) / 2 ** 32;
  }

  /** The time to the next of events that come independently of each other. */
  exponential(mean: number): number {
    return -mean * Math.log(this.uniform());
  }

  /**
   * A duration that is never negative and now and then long.
   *
   * @param mean The mean of the durations, not of their logarithms
   * @param sigma The standard deviation of their logarithms
   */
  logNormal(mean: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(this.uniform())) *
      Math.cos(2 * Math.PI * this.uniform());
    return mean * Math.exp(sigma * normal - sigma * sigma / 2);
  }
}
