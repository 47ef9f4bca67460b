/** Finds the nearest of many vectors, with a loop or with usearch. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { dot } from "./vector.ts";

/**
 * Finds the vectors with the largest inner products with a probe.
 *
 * @param vectors One or more vectors, one after another, each as long as the probe. The first one
 * is at the start of the array's buffer
 * @param probe Embedding, L2-normalised
 * @param wanted Number of vectors that are sought, 2 by default; at most 3
 * @returns Indexes of vectors, in any order. All vectors that are sought are among them. Of several
 * vectors that are equally near, any one counts as the nearest. When the probe contains NaN, the
 * result is any indexes, or none
 */
export type Scan = (
  vectors: Float32Array,
  probe: Float32Array,
  wanted?: number,
) => readonly number[];

/** Smallest number of users for which usearch is loaded. For 500 users the loop takes 0.2 ms. */
export const MANY_USERS = 500;

/** A {@linkcode Scan} by a loop over all vectors: 0.4 ms for 1,000 vectors of 512 numbers. */
export function scanByLoop(vectors: Float32Array, probe: Float32Array, wanted = 2): number[] {
  /** The nearest vectors so far, the nearest one first. */
  const nearest: number[] = [], scores: number[] = [];
  let least = -Infinity;
  for (let i = 0, offset = 0; offset < vectors.length; i++, offset += probe.length) {
    const score = dot(vectors, offset, probe);
    if (!(score > least)) continue;
    const place = scores.findIndex((other) => score > other);
    const at = place < 0 ? scores.length : place;
    scores.splice(at, 0, score);
    nearest.splice(at, 0, i);
    if (scores.length > wanted) {
      scores.pop();
      nearest.pop();
    }
    if (scores.length === wanted) least = scores.at(-1)!;
  }
  return nearest;
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
  return (vectors, probe, wanted) => {
    if (vectors.length < usearchFrom * probe.length) return scanByLoop(vectors, probe, wanted);
    fast ??= loadUsearch() ?? scanByLoop;
    return fast(vectors, probe, wanted);
  };
}

/**
 * The function of usearch's addon that is used here. The package calls it with the same arguments.
 */
interface Usearch {
  exactSearch(
    dataset: Float32Array,
    queries: Float32Array,
    dimensions: number,
    count: number,
    metric: "ip",
    threads: number,
  ): [keys: BigUint64Array, distances: Float32Array, counts: BigUint64Array];
}

/** The folder of the addon in the package, for each system. */
const ADDONS: Readonly<Record<string, string>> = {
  "darwin-arm64": "darwin-arm64+x64",
  "darwin-x64": "darwin-arm64+x64",
  "linux-arm64": "linux-arm64",
  "linux-x64": "linux-x64",
  "win32-x64": "win32-x64",
};

/**
 * Loads usearch. Its search is five times as fast as the loop, on one thread. Its addon is loaded
 * directly: the package's own loader takes 30 ms instead of 1, and looks into folders that a worker
 * may not read.
 *
 * @returns A scan by usearch; undefined when the package has no addon for this system
 * @throws {Error} when the addon cannot be loaded
 */
export function loadUsearch(): Scan | undefined {
  const folder = ADDONS[`${process.platform}-${process.arch}`];
  if (folder === undefined) return undefined;
  const require = createRequire(import.meta.url);
  const root = join(dirname(require.resolve("usearch")), "../../..");
  const { exactSearch }: Usearch = require(join(root, "prebuilds", folder, "usearch.node"));
  return (vectors, probe) => {
    // The addon reads from the start of an array's buffer, also when the array begins elsewhere.
    const query = probe.byteOffset === 0 ? probe : probe.slice();
    const count = Math.min(NEAREST, vectors.length / query.length);
    const [keys] = exactSearch(vectors, query, query.length, count, "ip", 1);
    return Array.from(keys, Number);
  };
}

/**
 * Number of vectors that usearch finds. Two or three would be enough, but usearch's distances are
 * float32, so it may confuse vectors that are almost equally near. A few dozen take no more time
 * than one.
 */
const NEAREST = 8;
