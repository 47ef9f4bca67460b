/** Makes a network that ONNX Runtime and a worker accept from one that was packed for size. */

import { dequantiseWeights } from "./dequantise.ts";
import { hasBranches, readDetailedOnnx, writeDetailedOnnx } from "./onnx_graph.ts";
import { removeDropout, removeInputScaling, removeUnused } from "./remove_nodes.ts";

/** An unpacked model. */
export interface UnpackedModel {
  /** The ONNX file. It is the given array when there was nothing to change. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of nodes that were computed or removed. */
  readonly removed: number;
}

/** In older files, every weight must also be an input of the graph. */
export const FREE_WEIGHTS_IR_VERSION = 4n;

/**
 * Changes a model in these ways:
 *
 * - Quantised weights become 32-bit floats.
 * - Dropout, and a first step that computes (p − 127.5) / 128 from the input, are removed: a worker
 *   gives numbers of this form to every network.
 * - When one of the changes above was made: inputs of the graph that are weights or that nothing
 *   uses are removed. ONNX Runtime would ask for their values, and would not optimise the weights.
 *
 * A model with branches or loops does not change.
 *
 * @param bytes An ONNX file
 * @throws {Error} when the bytes are not a protocol buffer
 */
export function unpackModel(bytes: Uint8Array<ArrayBuffer>): UnpackedModel {
  const model = readDetailedOnnx(bytes);
  const { graph, irVersion } = model;
  const unchanged = { bytes, removed: 0 };
  if (graph === undefined || irVersion < FREE_WEIGHTS_IR_VERSION) return unchanged;
  if (hasBranches(graph)) return unchanged;
  const removed = [
    ...dequantiseWeights(graph),
    ...removeDropout(graph),
    ...removeInputScaling(graph),
  ];
  if (removed.length === 0) return unchanged;
  removeUnused(graph, removed);
  return { bytes: writeDetailedOnnx(model), removed: removed.length };
}
