/** Loads usearch, a library that compares many vectors quickly. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";

/**
 * The function of usearch's addon that is used here. The package calls it with the same arguments.
 * It finds the `count` vectors with the least distances, the nearest one first. A distance is 1
 * minus the inner product, as float32. The addon reads from the start of an array's buffer, also when the
 * array begins elsewhere.
 */
export interface Usearch {
  /** Inner products of Int8Arrays are computed without rounding. */
  exactSearch<Vectors extends Float32Array | Int8Array>(
    vectors: Vectors,
    probe: Vectors,
    dimension: number,
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
 * Loads usearch. Its addon is loaded directly: the package's own loader takes 30 ms instead of 1,
 * and looks into folders that a worker may not read.
 *
 * @returns undefined when the package has no addon for this system
 * @throws {Error} when the addon cannot be loaded
 */
export function loadUsearch(): Usearch | undefined {
  const folder = ADDONS[`${process.platform}-${process.arch}`];
  if (folder === undefined) return undefined;
  const require = createRequire(import.meta.url);
  const root = join(dirname(require.resolve("usearch")), "../../..");
  return require(join(root, "prebuilds", folder, "usearch.node"));
}
