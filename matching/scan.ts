/** Finds the nearest of many vectors, with a loop or with usearch. */

import { LARGEST, type RoundedVectors } from "./rounded.ts";
import { loadUsearch, type Usearch } from "./usearch.ts";
import { dot } from "./vector.ts";

/** Vectors that can be searched. */
export interface SearchedVectors {
  /** One or more, one after another. The first one is at the start of the array's buffer. */
  readonly vectors: Float32Array;
  /** A copy of the vectors. */
  readonly rounded: RoundedVectors;
}

/**
 * Finds the vectors with the largest inner products with a probe. Every scan finds the same.
 *
 * @param searched Vectors, each as long as the probe
 * @param probe Embedding, L2-normalised
 * @param wanted Number of vectors that are sought, 2 by default
 * @returns Indexes of vectors, the nearest one first; of several that are equally near, the lower
 * index first. None when the probe contains NaN
 */
export type Scan = (
  searched: SearchedVectors,
  probe: Float32Array,
  wanted?: number,
) => readonly number[];

/** Smallest number of users for which usearch is loaded. For 500 users the loop takes 0.2 ms. */
export const MANY_USERS = 500;

/** A {@linkcode Scan} by a loop over all vectors: 0.4 ms for 1,000 vectors of 512 numbers. */
export function scanByLoop(
  { vectors }: Pick<SearchedVectors, "vectors">,
  probe: Float32Array,
  wanted = 2,
): readonly number[] {
  const best = new Best(wanted);
  for (let i = 0, offset = 0; offset < vectors.length; i++, offset += probe.length) {
    best.add(i, dot(vectors, offset, probe));
  }
  return best.indexes;
}

/** Makes the fastest {@linkcode Scan} for many vectors. Loads usearch. */
export function createFastScan(): Scan {
  const usearch = loadUsearch();
  return usearch === undefined ? scanByLoop : createUsearchScan(usearch);
}

/**
 * Makes a {@linkcode Scan} that takes the loop for few vectors and usearch for many. It loads
 * usearch when it is first needed, and takes the loop for all when usearch has no addon for this
 * system.
 *
 * @param usearchFrom Smallest number of vectors that are searched with usearch
 */
export function createScan(usearchFrom = MANY_USERS): Scan {
  let fast: Scan | undefined;
  return (searched, probe, wanted) => {
    if (searched.vectors.length < usearchFrom * probe.length) {
      return scanByLoop(searched, probe, wanted);
    }
    fast ??= createFastScan();
    return fast(searched, probe, wanted);
  };
}

/**
 * Number of vectors that usearch finds. All that can be the nearest are nearly always among them: of
 * 4,096 rounded vectors, 4 to 35. As many take no more time than one.
 */
const CANDIDATES = 64;
/** Twice the largest relative rounding error of float32. */
const EPSILON = 2 ** -23;

/**
 * Makes a {@linkcode Scan} by usearch, on one thread. It searches the rounded vectors, computes the
 * inner products of the nearest ones in double precision, and makes sure that no other vector can be
 * nearer. When too many vectors are almost equally near for that, it searches the vectors
 * themselves, which takes five times as long, and at last by the loop.
 */
export function createUsearchScan({ exactSearch }: Usearch): Scan {
  return (searched, probe, wanted = 2) => {
    const { vectors, rounded } = searched;
    const { length: dimension } = probe;
    const { numbers, length, error } = rounded.round(probe);
    const { longest, scale } = rounded;
    // Others are no embeddings, and their products may not fit into a float32.
    if (!(length * longest < 4)) return scanByLoop(searched, probe, wanted);

    const rows = vectors.length / dimension;
    if (rows === 0) return [];
    const count = Math.min(CANDIDATES, rows);
    /** Finds the nearest vectors by products that are `unit` times too large, and not exact. */
    const search = <Numbers extends Float32Array | Int8Array>(
      all: Numbers,
      one: Numbers,
      unit: number,
      error: number,
    ): readonly number[] | undefined => {
      const [keys, distances] = exactSearch(all, one, dimension, count, "ip", 1);
      const best = new Best(wanted);
      for (let i = 0; i < count; i++) {
        // All vectors that follow have at most this product.
        if ((1 - distances[i]!) / unit + error < best.least) return best.indexes;
        const index = Number(keys[i]);
        best.add(index, dot(vectors, index * dimension, probe));
      }
      return count === rows ? best.indexes : undefined;
    };
    const unit = scale ** 2;
    const roundedError = error + (LARGEST ** 2 * dimension + 1) * EPSILON / unit;
    const floatError = (dimension + 2) * EPSILON * (1 + length * longest);
    // The addon reads from the start of an array's buffer, also when the array begins elsewhere.
    const query = probe.byteOffset === 0 ? probe : probe.slice();
    return search(rounded.numbers.subarray(0, vectors.length), numbers, unit, roundedError) ??
      search(vectors, query, 1, floatError) ??
      scanByLoop(searched, probe, wanted);
  };
}

/** The nearest vectors so far. */
class Best {
  /** The nearest one first; of several that are equally near, the lower index first. */
  readonly indexes: number[] = [];
  /** Product of the last vector; -Infinity while fewer are known than are wanted. */
  least = -Infinity;
  readonly #products: number[] = [];
  readonly #wanted: number;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  /** Adds a vector, unless others are nearer or its product is NaN. */
  add(index: number, product: number): void {
    if (!(product >= this.least)) return;
    const products = this.#products, indexes = this.indexes;
    const isNearer = (other: number, i: number) =>
      product > other || product === other && index < indexes[i]!;
    const place = products.findIndex(isNearer);
    const at = place < 0 ? products.length : place;
    products.splice(at, 0, product);
    indexes.splice(at, 0, index);
    if (products.length > this.#wanted) {
      products.pop();
      indexes.pop();
    }
    if (products.length === this.#wanted) this.least = products.at(-1)!;
  }
}
