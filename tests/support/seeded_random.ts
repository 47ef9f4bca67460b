/** Random numbers that are the same in every run. */

/**
 * Returns a generator of numbers between 0 and 1, both excluded: a Weyl sequence through the
 * finaliser of MurmurHash3. Neighbouring seeds give unrelated numbers.
 *
 * @param seed An integer
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
