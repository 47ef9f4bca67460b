/** Compares the embeddings of different people. */

import type { Progress } from "../../../shared/progress.ts";
import { CosineHistogram } from "./cosine_histogram.ts";

/** Rows of a block. Two blocks fit into a processor's second cache. */
const BLOCK = 32;

/** Number of most similar pairs that are kept by default. */
const KEEP = 10_000;

/** Two embeddings of different people. */
export interface StrangerPair {
  readonly cosine: number;
  /** Index of the first person, and of the embedding among that person's embeddings. */
  readonly a: readonly [person: number, embedding: number];
  /** The same for the second person. */
  readonly b: readonly [person: number, embedding: number];
}

/** Result of {@linkcode compareStrangers}. */
export interface StrangerCosines {
  /** Cosines of all pairs of embeddings of two different people. */
  readonly histogram: CosineHistogram;
  /** The most similar pairs, the most similar one first. */
  readonly mostSimilar: readonly StrangerPair[];
}

/** Settings of {@linkcode compareStrangers}. */
export interface CompareOptions {
  /** Pairs of people, by their indexes, that are not compared. */
  readonly excluded?: readonly (readonly [number, number])[];
  readonly progress: Progress;
  /** Number of most similar pairs to keep (default: 10,000). */
  readonly keep?: number;
}

/**
 * Compares each embedding with those of all other people. Needs memory for the embeddings, but not
 * for their pairs.
 *
 * @param people The embeddings of each person, L2-normalised, all of one length
 * @param options Pairs of people to leave out, and the display of the progress
 */
export function compareStrangers(
  people: readonly (readonly Float32Array[])[],
  { excluded = [], progress, keep = KEEP }: CompareOptions,
): StrangerCosines {
  const rows = people.flatMap((person, owner) => person.map((_, i) => [owner, i] as const));
  const length = people.find((person) => person.length > 0)?.[0]?.length ?? 0;
  const vectors = new Float64Array(rows.length * length);
  rows.forEach(([owner, i], row) => vectors.set(people[owner]![i]!, row * length));
  const owners = Int32Array.from(rows, ([owner]) => owner);
  const left = new Set(excluded.map(([a, b]) => keyOf(a, b)));
  const histogram = new CosineHistogram();
  const similar = new MostSimilar(keep);

  const compare = (i: number, j: number, cosine: number) => {
    const a = owners[i]!, b = owners[j]!;
    if (i >= j || a === b || (left.size > 0 && left.has(keyOf(a, b)))) return;
    histogram.add(cosine);
    if (cosine > similar.limit) similar.add(cosine, i, j);
  };

  using task = progress.start("Comparing photos", rows.length, "photos");
  for (let from = 0; from < rows.length; from += BLOCK) {
    for (let other = from; other < rows.length; other += BLOCK) {
      compareBlocks(vectors, length, from, other, compare);
    }
    task.advance(Math.min(BLOCK, rows.length - from));
  }
  task.end();
  return {
    histogram,
    mostSimilar: similar.sorted().map(({ cosine, i, j }) => ({ cosine, a: rows[i]!, b: rows[j]! })),
  };
}

/** Calls `compare` with the cosine of each row of one block and each row of another block. */
function compareBlocks(
  vectors: Float64Array,
  length: number,
  from: number,
  other: number,
  compare: (i: number, j: number, cosine: number) => void,
): void {
  const rows = vectors.length / length;
  const iEnd = Math.min(from + BLOCK, rows), jEnd = Math.min(other + BLOCK, rows);
  for (let i = from; i < iEnd; i += 2) {
    const a0 = i * length, a1 = Math.min(i + 1, iEnd - 1) * length;
    for (let j = other; j < jEnd; j += 2) {
      const b0 = j * length, b1 = Math.min(j + 1, jEnd - 1) * length;
      // Two rows by two rows: each number that is read is used twice.
      let c00 = 0, c01 = 0, c10 = 0, c11 = 0;
      for (let k = 0; k < length; k++) {
        const x0 = vectors[a0 + k]!, x1 = vectors[a1 + k]!;
        const y0 = vectors[b0 + k]!, y1 = vectors[b1 + k]!;
        c00 += x0 * y0;
        c01 += x0 * y1;
        c10 += x1 * y0;
        c11 += x1 * y1;
      }
      compare(i, j, c00);
      if (j + 1 < jEnd) compare(i, j + 1, c01);
      if (i + 1 < iEnd) {
        compare(i + 1, j, c10);
        if (j + 1 < jEnd) compare(i + 1, j + 1, c11);
      }
    }
  }
}

const keyOf = (a: number, b: number): string => a < b ? `${a} ${b}` : `${b} ${a}`;

/** Keeps the most similar of many pairs, at most twice as many at a time. */
class MostSimilar {
  /** A pair with a cosine that is not above this limit is not among the most similar ones. */
  limit = -Infinity;
  readonly #keep: number;
  #pairs: { readonly cosine: number; readonly i: number; readonly j: number }[] = [];

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(cosine: number, i: number, j: number): void {
    this.#pairs.push({ cosine, i, j });
    if (this.#pairs.length < 2 * this.#keep) return;
    this.#pairs = this.sorted();
    this.limit = this.#pairs.at(-1)!.cosine;
  }

  sorted() {
    return this.#pairs.toSorted((a, b) => b.cosine - a.cosine || a.i - b.i || a.j - b.j)
      .slice(0, this.#keep);
  }
}
