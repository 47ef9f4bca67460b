/**
 * Large models that were split while the image was built: the graph, with simple optimisations done,
 * in one file, and the weights in another. ONNX Runtime maps the weights instead of copying them
 * several times. It computes the same numbers, bit for bit.
 */

import { createHash } from "node:crypto";
import { splitPaths } from "../../shared/split_paths.ts";
import { hashFile, versionOf } from "./hash_file.ts";

/** A split model. Its files are the ones that were written. */
export interface SplitModel {
  /** sha256 of the model that was split. It names the model. */
  readonly sha256: string;
  /** Path of the graph. */
  readonly path: string;
  /** Path and version of each file that was looked at: they change when somebody changes a file. */
  readonly versions: ReadonlyMap<string, string>;
}

/** Content of the third file, which tells what the other two are. */
export interface SplitRecord {
  readonly model: { readonly sha256: string; readonly bytes: number; readonly ends: string };
  readonly graph: string;
  readonly weights: string;
}

/** Bytes at each end of a model that must be those of the model that was split. */
const END_BYTES = 256 * 1024;

/**
 * Finds the split model of a model file.
 *
 * @param model Path of the model file
 * @returns undefined when there is none, when its files are damaged, or when the model file seems to
 * be another one than was split. The model file is then read itself. A model that is another one and
 * still looks the same is not used: what is used always has the name of the model that was split
 */
export async function findSplitModel(model: string): Promise<SplitModel | undefined> {
  const paths = splitPaths(model);
  try {
    const record: SplitRecord = JSON.parse(await Deno.readTextFile(paths.record));
    const { bytes, ends, version } = await lookAtEnds(model);
    if (bytes !== record.model.bytes || ends !== record.model.ends) return undefined;
    const graph = await hashFile(paths.graph), weights = await hashFile(paths.weights);
    if (graph.sha256 !== record.graph || weights.sha256 !== record.weights) return undefined;
    return {
      sha256: record.model.sha256,
      path: paths.graph,
      versions: new Map([
        [model, version],
        [paths.graph, graph.version],
        [paths.weights, weights.version],
      ]),
    };
  } catch {
    return undefined;
  }
}

/**
 * Describes the files of a split model. They were just written.
 *
 * @param model Path of the model that was split
 */
export async function describeSplitModel(model: string): Promise<SplitRecord> {
  const paths = splitPaths(model);
  const { bytes, ends } = await lookAtEnds(model);
  const sha256 = async (path: string) => (await hashFile(path)).sha256;
  return {
    model: { sha256: await sha256(model), bytes, ends },
    graph: await sha256(paths.graph),
    weights: await sha256(paths.weights),
  };
}

/** Returns the size of a file, and the sha256 of its first and last bytes. */
async function lookAtEnds(path: string) {
  using file = await Deno.open(path);
  const facts = await file.stat();
  const hash = createHash("sha256");
  for (const at of [0, Math.max(0, facts.size - END_BYTES)]) {
    file.seekSync(at, Deno.SeekMode.Start);
    const part = new Uint8Array(END_BYTES);
    let length = 0;
    for (let size; length < END_BYTES; length += size) {
      size = file.readSync(part.subarray(length));
      if (size === null) break;
    }
    hash.update(part.subarray(0, length));
  }
  return { bytes: facts.size, ends: hash.digest("hex"), version: versionOf(facts) };
}
