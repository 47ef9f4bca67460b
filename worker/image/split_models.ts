/**
 * Splits the large models while the worker's image is built, so that a worker starts with less work.
 * Checks that a split model gives the same numbers, and removes the model that was split:
 * deno run … split_models.ts MODEL…
 */

import { loadLibrary } from "../inference/library.ts";
import { ModelFile } from "../inference/model_file.ts";
import { openSession } from "../inference/session.ts";
import { hashFile } from "../inference/hash_file.ts";
import type { SplitRecord } from "../inference/split_model.ts";
import { splitPaths } from "../../shared/split_paths.ts";

/** For smaller models, to map another file takes longer than to copy the weights. */
const LEAST_BYTES = 16 * 1024 * 1024;
/** Smaller weights stay in the graph. */
const LEAST_WEIGHT_BYTES = 1024;

/**
 * Splits a model.
 *
 * @param model Path of the model. It is removed; the other files are written beside it
 * @throws {Error} when the split model would not give the same numbers
 */
export async function splitModel(model: string): Promise<void> {
  const paths = splitPaths(model);
  const { InferenceSession } = await loadLibrary();
  const session = await InferenceSession.create(model, {
    // These optimisations do not depend on the processor.
    graphOptimizationLevel: "basic",
    optimizedModelFilePath: paths.graph,
    logSeverityLevel: 3,
    extra: {
      session: {
        optimized_model_external_initializers_file_name: paths.weights.split("/").at(-1)!,
        optimized_model_external_initializers_min_size_in_bytes: `${LEAST_WEIGHT_BYTES}`,
      },
    },
  });
  await session.release();
  const plain = await runOnce(await Deno.readFile(model));
  const sha256 = async (path: string) => (await hashFile(path)).sha256;
  const record: SplitRecord = {
    model: await sha256(model),
    graph: await sha256(paths.graph),
    weights: await sha256(paths.weights),
  };
  await Deno.writeTextFile(paths.record, JSON.stringify(record));
  await Deno.remove(model);
  const file = await ModelFile.read(model);
  const split = await runOnce(file);
  if (plain.some((numbers, i) => numbers.some((number, j) => number !== split[i]![j]))) {
    throw new Error(`The split model of ${model} gives other numbers`);
  }
}

/** Returns the outputs for an input of noise. */
async function runOnce(model: ModelFile | Uint8Array): Promise<Float32Array[]> {
  await using session = await openSession(model, "split");
  const shape = session.input.shape.map((size) => Math.max(size, 1));
  const length = shape.reduce((product, size) => product * size, 1);
  const noise = Float32Array.from({ length }, (_, i) => Math.sin(i * i));
  return await session.run(noise, shape);
}

if (import.meta.main) {
  for (const model of Deno.args) {
    if ((await Deno.stat(model)).size >= LEAST_BYTES) await splitModel(model);
  }
}
