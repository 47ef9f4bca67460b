/**
 * Large models that were split while the image was built: the graph, with simple optimisations done,
 * in one file, and the weights in another. ONNX Runtime maps the weights instead of copying them
 * several times. It computes the same numbers, bit for bit.
 */

import { splitPaths } from "../../shared/split_paths.ts";
import { hashFile } from "./hash_file.ts";

/** A split model. Its files are the ones that were written. */
export interface SplitModel {
  /** sha256 of the model that was split. It names the model. */
  readonly sha256: string;
  /** Path of the graph. */
  readonly path: string;
  /** Path and version of each file: a version changes when somebody changes the file. */
  readonly versions: ReadonlyMap<string, string>;
}

/** Content of the third file, which tells what the other two are: the sha256 of each. */
export interface SplitRecord {
  /** sha256 of the model that was split. */
  readonly model: string;
  readonly graph: string;
  readonly weights: string;
}

/** Error for a split model whose files are not those that were written. */
export class SplitModelError extends Error {
  /** Name of the class. */
  override readonly name = "SplitModelError";
}

/**
 * Reads the split model that is in the place of a model file.
 *
 * @param model Path of the model file
 * @returns undefined when there is none
 * @throws {SplitModelError} when its files are not those that were written
 */
export async function readSplitModel(model: string): Promise<SplitModel | undefined> {
  const paths = splitPaths(model);
  const text = await Deno.readTextFile(paths.record).catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const record: SplitRecord = JSON.parse(text);
    const graph = await hashFile(paths.graph), weights = await hashFile(paths.weights);
    if (graph.sha256 === record.graph && weights.sha256 === record.weights) {
      return {
        sha256: record.model,
        path: paths.graph,
        versions: new Map([[paths.graph, graph.version], [paths.weights, weights.version]]),
      };
    }
  } catch (cause) {
    throw new SplitModelError(`The split model of ${model} is damaged`, { cause });
  }
  throw new SplitModelError(`The split model of ${model} is damaged`);
}
