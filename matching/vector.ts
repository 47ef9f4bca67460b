/** Vector arithmetic for embeddings. */

/**
 * Scales a vector to length 1 (L2 norm).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [x, y] = normalize([3, 4]);
 * assertAlmostEquals(x!, 0.6, 1e-7);
 * assertAlmostEquals(y!, 0.8, 1e-7);
 * ```
 *
 * @param vector Numbers of any scale
 * @param target Array that receives the result, as long as `vector`; a new array by default
 * @returns `target`, L2-normalised
 * @throws {RangeError} when the norm is zero or not finite
 */
export function normalize(
  vector: ArrayLike<number>,
  target: Float32Array = new Float32Array(vector.length),
): Float32Array {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  const norm = Math.sqrt(sum);
  if (!(norm > 0 && Number.isFinite(norm))) {
    throw new RangeError("A vector of zero or infinite length cannot be normalised");
  }
  for (let i = 0; i < vector.length; i++) target[i] = vector[i]! / norm;
  return target;
}

/**
 * Returns the cosine of the angle between two embeddings, summed in double precision.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(cosine(normalize([1, 0]), normalize([1, 1])), Math.SQRT1_2, 1e-7);
 * ```
 *
 * @param a L2-normalised
 * @param b L2-normalised, as long as `a`
 * @returns −1 to 1; rounding can exceed these bounds by about 1e-7
 * @throws {RangeError} when the lengths differ
 */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) {
    throw new RangeError(`Embeddings of ${a.length} and ${b.length} numbers cannot be compared`);
  }
  return dot(a, 0, b);
}

/**
 * Returns the inner product of a probe and one of many templates, summed in double precision. For
 * L2-normalised vectors it is their cosine.
 *
 * @param templates All templates, one after another; each is as long as `probe`
 * @param offset Index of the template's first number in `templates`
 * @param probe Embedding to compare with the template
 */
export function dot(templates: Float32Array, offset: number, probe: Float32Array): number {
  // Uses four sums, so that an addition need not wait for the addition before it.
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
