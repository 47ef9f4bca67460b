/** Vector arithmetic for embeddings. */

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
  return dot(a, 0, b);
}

/**
 * The inner product of a probe and one of many templates, summed in double precision.
 *
 * @param templates One after another
 * @param offset Where the template begins
 * @param probe As long as the template
 */
export function dot(templates: Float32Array, offset: number, probe: Float32Array): number {
  // Four sums: one addition need not wait for the last.
  let a = 0, b = 0, c = 0, d = 0, i = 0;
  for (; i + 3 < probe.length; i += 4) {
    a += templates[offset + i]! * probe[i]!;
    b += templates[offset + i + 1]! * probe[i + 1]!;
    c += templates[offset + i + 2]! * probe[i + 2]!;
    d += templates[offset + i + 3]! * probe[i + 3]!;
  }
  for (; i < probe.length; i++) a += templates[offset + i]! * probe[i]!;
  return a + b + c + d;
}

/**
 * A vector scaled to length 1.
 *
 * @param vector Any length but zero
 * @param target Where the result goes, as long as `vector`; a new array unless told
 * @throws {RangeError} when its length is zero or not finite: no direction, no identity
 */
export function normalize(
  vector: ArrayLike<number>,
  target: Float32Array = new Float32Array(vector.length),
): Float32Array {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  const norm = Math.sqrt(sum);
  if (!(norm > 0 && Number.isFinite(norm))) {
    throw new RangeError("A vector of zero or infinite length has no direction");
  }
  for (let i = 0; i < vector.length; i++) target[i] = vector[i]! / norm;
  return target;
}
