/** Makes random numbers that are the same in every run. */

/**
 * Returns a generator: a Weyl sequence through the finaliser of MurmurHash3. The streams of
 * neighbouring seeds do not correlate.
 *
 * @param seed An integer
 * @returns A function that returns numbers greater than 0 and less than 1
 */
export function seededRandom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (((bits ^ (bits >>> 16)) >>> 0) + 0.5) / 2 ** 32;
  };
}
