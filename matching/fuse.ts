/** Fuses the templates of a user into one vector. */

/**
 * Mean cosine between two templates of a user. When the templates agree less, the user's vector is
 * shorter than 1. {@linkcode TemplateSum.fuse} says why.
 */
const FULL_AGREEMENT = 0.3;

/**
 * Each number of a template is rounded to a multiple of 1 / UNITS, which is finer than a float32
 * needs. Sums of such multiples are exact, so their order does not matter. This is true for up to
 * 2^17 templates of one user.
 */
const UNITS = 2 ** 36;

/** The sum of a user's templates. The order in which they are added does not matter. */
export class TemplateSum {
  readonly #units: Float64Array;
  #count = 0;

  /**
   * Makes the sum of no templates.
   *
   * @param dimension Length of every template
   */
  constructor(dimension: number) {
    this.#units = new Float64Array(dimension);
  }

  /** Adds a template, L2-normalised. */
  add(template: Float32Array): void {
    const units = this.#units;
    for (let i = 0; i < units.length; i++) units[i]! += Math.round(template[i]! * UNITS);
    this.#count++;
  }

  /**
   * Writes the user's vector: the direction of the templates' mean.
   *
   * The vector has length 1 when the templates agree: when the mean cosine between two of them is at
   * least 0.3, as with 99 of 100 users. The mean of pictures of different people resembles every
   * face, so with length 1 strangers would match it. When templates agree less, their mean is
   * divided by the length that it would have at a mean cosine of 0.3. Every similarity with the
   * vector is then lower, and templates that cancel each other out match nobody.
   *
   * @param vector Array that receives the vector, as long as a template
   */
  fuse(vector: Float32Array): void {
    const units = this.#units;
    let square = 0;
    for (let i = 0; i < units.length; i++) square += units[i]! * units[i]!;
    const k = this.#count;
    const least = Math.sqrt(k * (1 + (k - 1) * FULL_AGREEMENT)) * UNITS;
    const length = Math.max(Math.sqrt(square), least);
    for (let i = 0; i < vector.length; i++) vector[i] = units[i]! / length;
  }
}

/**
 * Fuses the templates of one user.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [x, y] = fuse([Float32Array.of(1, 0), Float32Array.of(0.6, 0.8)]);
 * assertAlmostEquals(x!, 0.894427, 1e-6);
 * assertAlmostEquals(y!, 0.447214, 1e-6);
 * ```
 *
 * @param templates One or more templates, L2-normalised and equally long
 * @returns The only template itself, or the vector that {@linkcode TemplateSum.fuse} describes
 * @throws {RangeError} when there is no template
 */
export function fuse(templates: readonly Float32Array[]): Float32Array {
  const [first] = templates;
  if (first === undefined) throw new RangeError("There is no template");
  if (templates.length === 1) return first;
  const sum = new TemplateSum(first.length);
  for (const template of templates) sum.add(template);
  const vector = new Float32Array(first.length);
  sum.fuse(vector);
  return vector;
}
