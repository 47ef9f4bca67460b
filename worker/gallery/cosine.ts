/** Cosine similarity. */

/**
 * The cosine between two embeddings, summed in double precision.
 *
 * @param a L2-normalised
 * @param b L2-normalised, of the same length
 * @returns −1 to 1, rounding apart
 * @throws {RangeError} when the lengths differ
 */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) {
    throw new RangeError(`Embeddings of ${a.length} and ${b.length} numbers cannot be compared`);
  }
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
