/** Keeps a rounded copy of vectors, which is faster to search, and bounds the error of rounding. */

/** Greatest number of a rounded vector. */
export const LARGEST = 127;

/**
 * Greatest number of a vector that is not cut off, in standard deviations of the numbers of a vector
 * of length 1. Hardly any embedding has a greater one. A smaller value makes rounding finer.
 */
const DEVIATIONS = 5.5;

/**
 * A copy of vectors in whole numbers from -127 to 127. It takes a quarter of the memory. An inner
 * product of two rounded vectors, divided by {@linkcode RoundedVectors.scale} twice, is almost the
 * one of the vectors themselves: {@linkcode RoundedVectors.round} returns a bound of the difference.
 */
export class RoundedVectors {
  /** Numbers are multiplied by it before they are rounded. */
  readonly scale: number;
  readonly #dimension: number;
  #numbers = new Int8Array();
  #longest = 0;
  #error = 0;

  /**
   * Makes a copy of no vectors.
   *
   * @param dimension Length of every vector
   */
  constructor(dimension: number) {
    this.#dimension = dimension;
    this.scale = LARGEST * Math.sqrt(dimension) / DEVIATIONS;
  }

  /**
   * Makes a copy of vectors.
   *
   * @param vectors One after another
   * @param dimension Length of every vector
   */
  static of(vectors: Float32Array, dimension: number): RoundedVectors {
    const rounded = new RoundedVectors(dimension);
    const rows = vectors.length / dimension;
    rounded.makeRoom(rows);
    for (let row = 0; row < rows; row++) {
      rounded.set(row, vectors.subarray(row * dimension, (row + 1) * dimension));
    }
    return rounded;
  }

  /**
   * The rounded vectors, one after another, and then the room for more. The array is at the start of
   * its buffer.
   */
  get numbers(): Int8Array {
    return this.#numbers;
  }

  /** At least the length (L2 norm) of each vector. */
  get longest(): number {
    return this.#longest;
  }

  /** Makes room for vectors, at least as many as before. */
  makeRoom(rows: number): void {
    const larger = new Int8Array(rows * this.#dimension);
    larger.set(this.#numbers);
    this.#numbers = larger;
  }

  /** Sets a vector. There must be room for it. */
  set(row: number, vector: Float32Array): void {
    const { length, error } = this.#round(vector, this.#numbers, row * this.#dimension);
    this.#longest = Math.max(this.#longest, length);
    this.#error = Math.max(this.#error, error);
  }

  /**
   * Rounds a probe.
   *
   * With x a vector, p the probe, and X and P their rounded copies: x·p − X·P = x·(p − P) + (x − X)·P.
   * So the difference is at most |x| |p − P| + |x − X| |P| (Cauchy and Schwarz).
   *
   * @returns The rounded probe, the probe's length, and the greatest difference between an inner
   * product with it and the one of the probe and the vector themselves
   */
  round(probe: Float32Array): { numbers: Int8Array; length: number; error: number } {
    const numbers = new Int8Array(this.#dimension);
    const { length, roundedLength, error } = this.#round(probe, numbers, 0);
    return { numbers, length, error: this.#longest * error + this.#error * roundedLength };
  }

  /** Rounds a vector. Returns its length, that of the rounded vector, and that of the difference. */
  #round(vector: Float32Array, numbers: Int8Array, offset: number) {
    const { scale } = this;
    let length = 0, roundedLength = 0, error = 0;
    for (let i = 0; i < vector.length; i++) {
      const exact = vector[i]! * scale;
      // Math.round takes three times as long.
      const number = Math.floor(Math.min(Math.max(exact, -LARGEST), LARGEST) + 0.5);
      numbers[offset + i] = number;
      length += exact * exact;
      roundedLength += number * number;
      error += (exact - number) * (exact - number);
    }
    return {
      length: Math.sqrt(length) / scale,
      roundedLength: Math.sqrt(roundedLength) / scale,
      error: Math.sqrt(error) / scale,
    };
  }
}
