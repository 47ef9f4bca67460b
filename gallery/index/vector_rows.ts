/** Keeps vectors of one length in memory, one after another, so that they can be searched. */

import type { SearchedSegment } from "../../matching/nearest.ts";
import { RoundedVectors } from "../../matching/rounded.ts";
import type { SearchedVectors } from "../../matching/scan.ts";

/** Greatest number of vectors in a segment: 8 MB of 512 numbers. A search takes 10 µs for each. */
const ROWS_PER_SEGMENT = 4096;
/** Number of vectors that a new segment has room for. */
const FEWEST_ROWS = 8;

/**
 * A list of vectors in segments. Only the last segment grows, by a quarter, so a change never copies
 * more than one segment, and little memory is unused. A vector that was removed is overwritten.
 * Beside the vectors is a rounded copy, for the search.
 */
export class VectorRows {
  readonly #dimension: number;
  readonly #rowsPerSegment: number;
  /** With room for more vectors than there are. All but the last one are full. */
  readonly #segments: SearchedVectors[] = [];
  #length = 0;

  /**
   * Makes an empty list.
   *
   * @param dimension Length of every vector
   */
  constructor(dimension: number, rowsPerSegment = ROWS_PER_SEGMENT) {
    this.#dimension = dimension;
    this.#rowsPerSegment = rowsPerSegment;
  }

  /** Number of vectors. */
  get length(): number {
    return this.#length;
  }

  /** Returns a vector. It shares its buffer with the list. */
  at(row: number): Float32Array {
    const { vectors } = this.#segments[Math.floor(row / this.#rowsPerSegment)]!;
    const start = (row % this.#rowsPerSegment) * this.#dimension;
    return vectors.subarray(start, start + this.#dimension);
  }

  /** Adds a vector at the end. */
  push(vector: Float32Array): void {
    const row = this.#length++;
    const last = Math.floor(row / this.#rowsPerSegment);
    const used = row % this.#rowsPerSegment;
    const segment = this.#segments[last];
    if (segment === undefined || segment.vectors.length === used * this.#dimension) {
      const rows = Math.min(
        Math.max(FEWEST_ROWS, used + Math.ceil(used / 4)),
        this.#rowsPerSegment,
      );
      const vectors = new Float32Array(rows * this.#dimension);
      if (segment !== undefined) vectors.set(segment.vectors);
      const rounded = segment?.rounded ?? new RoundedVectors(this.#dimension);
      rounded.makeRoom(rows);
      this.#segments[last] = { vectors, rounded };
    }
    this.#set(row, vector);
  }

  /** Removes a vector. The last vector takes its place. */
  remove(row: number): void {
    const last = this.at(this.#length - 1);
    this.#set(row, last);
    this.#set(this.#length - 1, new Float32Array(this.#dimension));
    this.#length--;
    // An empty segment is kept while the one before is nearly full: a user may be added again soon.
    const kept = Math.ceil((this.#length + this.#rowsPerSegment / 4) / this.#rowsPerSegment);
    if (this.#length === 0 || this.#segments.length > kept) {
      this.#segments.length = this.#length === 0 ? 0 : kept;
    }
  }

  /** Returns all vectors. The arrays share their buffers with the list. */
  *segments(): Generator<SearchedSegment> {
    for (let i = 0, first = 0; first < this.#length; i++, first += this.#rowsPerSegment) {
      const rows = Math.min(this.#length - first, this.#rowsPerSegment);
      const { vectors, rounded } = this.#segments[i]!;
      yield { first, vectors: vectors.subarray(0, rows * this.#dimension), rounded };
    }
  }

  #set(row: number, vector: Float32Array): void {
    this.at(row).set(vector);
    const { rounded } = this.#segments[Math.floor(row / this.#rowsPerSegment)]!;
    rounded.set(row % this.#rowsPerSegment, vector);
  }
}
