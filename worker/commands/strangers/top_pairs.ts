/** Keeps the pairs of photos with the highest cosines, in bounded memory. */

/** Pairs of photos: cosines, and the indexes of both photos among all accepted photos. */
export interface StrangerPairs {
  readonly cosines: Float64Array;
  readonly first: Uint32Array;
  readonly second: Uint32Array;
}

/**
 * Keeps the pairs with the highest cosines. It collects up to twice as many pairs as it keeps, and
 * then drops the lower half. Of pairs with the same cosine, the earlier ones are kept.
 */
export class TopPairs {
  /** Only a cosine above this one can be among the highest. */
  floor = -Infinity;
  readonly #kept: number;
  readonly #cosines: Float64Array;
  readonly #first: Uint32Array;
  readonly #second: Uint32Array;
  #count = 0;

  /** @param kept Number of pairs to keep, at least 0 */
  constructor(kept: number) {
    this.#kept = kept;
    this.#cosines = new Float64Array(2 * kept);
    this.#first = new Uint32Array(2 * kept);
    this.#second = new Uint32Array(2 * kept);
    if (kept === 0) this.floor = Infinity;
  }

  /** Adds a pair of photos. The cosine must be above {@linkcode floor}. */
  add(cosine: number, first: number, second: number): void {
    this.#cosines[this.#count] = cosine;
    this.#first[this.#count] = first;
    this.#second[this.#count] = second;
    if (++this.#count === this.#cosines.length) this.#drop();
  }

  /** Returns the kept pairs, highest cosine first; of equal ones, in the order of their photos. */
  sorted(): StrangerPairs {
    this.#drop();
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i).sort((a, b) =>
      this.#cosines[b]! - this.#cosines[a]! || this.#first[a]! - this.#first[b]! ||
      this.#second[a]! - this.#second[b]!
    );
    return {
      cosines: Float64Array.from(order, (i) => this.#cosines[i]!),
      first: Uint32Array.from(order, (i) => this.#first[i]!),
      second: Uint32Array.from(order, (i) => this.#second[i]!),
    };
  }

  /** Drops all pairs but the highest. */
  #drop(): void {
    if (this.#count <= this.#kept) return;
    const ascending = this.#cosines.slice(0, this.#count).sort();
    const lowest = ascending[this.#count - this.#kept]!;
    let equal = this.#kept - ascending.filter((cosine) => cosine > lowest).length;
    let next = 0;
    for (let i = 0; i < this.#count; i++) {
      const cosine = this.#cosines[i]!;
      if (cosine < lowest || (cosine === lowest && equal-- <= 0)) continue;
      this.#cosines[next] = cosine;
      this.#first[next] = this.#first[i]!;
      this.#second[next] = this.#second[i]!;
      next++;
    }
    this.#count = next;
    this.floor = lowest;
  }
}
