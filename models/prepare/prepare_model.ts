/** Rewrites a network so that it computes the same result in less time. */

import { magnitudeBits, NEGLIGIBLE_BITS } from "./negligible.ts";
import {
  hasBranches,
  type OnnxGraph,
  type OnnxModel,
  readDetailedOnnx,
  readOnnx,
  writeOnnx,
} from "./onnx_graph.ts";
import { createFloatTensor, floatValues } from "./onnx_tensor.ts";
import { removeChannels, type TrimmedModel } from "./remove_channels.ts";
import { rewriteDetector } from "./rewrite_detector.ts";
import { rewritePRelu } from "./rewrite_prelu.ts";
import { type UnpackedModel, unpackModel } from "./unpack_model.ts";

/** A prepared model. */
export interface PreparedModel {
  /** The ONNX file. It is the given array when there was nothing to rewrite. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Number of nodes that {@linkcode unpackModel} and {@linkcode rewriteDetector} computed or removed.
   */
  readonly removed: number;
  /** Number of channels that {@linkcode removeChannels} removed. */
  readonly channels: number;
  /** Number of weights that were set to zero. */
  readonly zeroed: number;
  /** Number of PRelu nodes that were rewritten. */
  readonly rewritten: number;
}

/** Error for bytes that are not an ONNX model. */
export class NotOnnxError extends Error {
  override readonly name = "NotOnnxError";
}

/** The first operator set in which Mul and Add broadcast as PRelu does. */
const BROADCASTING_OPSET = 7n;

/**
 * Rewrites a model in these ways. The results are the same except for the last bits of a 32-bit
 * float:
 *
 * - A model that was packed for size is unpacked: {@linkcode unpackModel}.
 * - Channels that are always zero are removed: {@linkcode removeChannels}. This comes before PRelu is
 *   rewritten, because it does not know the new form.
 * - The last steps of a face detector become products: {@linkcode rewriteDetector}.
 * - Weights with |w| < 1e-15 become zero: arithmetic with denormal numbers is many times slower.
 * - PRelu becomes a sum with Relu: {@linkcode rewritePRelu}. ONNX Runtime has faster kernels for this
 *   form. They keep its blocked memory layout.
 *
 * A prepared model does not change when it is prepared again.
 *
 * @param bytes An ONNX file
 * @throws {NotOnnxError} when the bytes are not an ONNX model
 */
export function prepareModel(bytes: Uint8Array<ArrayBuffer>): PreparedModel {
  let model: OnnxModel, trimmed: TrimmedModel, unpacked: UnpackedModel, detector: UnpackedModel;
  let names: readonly string[] | undefined;
  try {
    unpacked = unpackModel(bytes);
    trimmed = removeChannels(unpacked.bytes);
    detector = rewriteDetector(trimmed.bytes);
    model = readOnnx(detector.bytes);
    names = namedOutputs(detector.bytes);
  } catch (cause) {
    throw new NotOnnxError("The file is not an ONNX model", { cause });
  }
  const { graph } = model;
  if (graph === undefined || graph.node.length === 0) {
    throw new NotOnnxError("The file is not an ONNX model: it has no graph");
  }
  // Before PRelu is rewritten, too: a product with a denormal number depends on ONNX Runtime's
  // settings.
  const zeroedFirst = zeroNegligible(graph);
  const rewritten = canBroadcast(model) && names ? rewritePRelu(graph, names) : 0;
  const zeroed = zeroedFirst + zeroNegligible(graph);
  const removed = unpacked.removed + detector.removed, { channels } = trimmed;
  return {
    bytes: zeroed === 0 && rewritten === 0 ? detector.bytes : writeOnnx(model),
    removed,
    channels,
    zeroed,
    rewritten,
  };
}

function canBroadcast(model: OnnxModel): boolean {
  const standard = model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx");
  return standard !== undefined && standard.version >= BROADCASTING_OPSET;
}

/** Returns the names of a model's outputs; undefined for a model with branches. */
function namedOutputs(bytes: Uint8Array): string[] | undefined {
  const { graph } = readDetailedOnnx(bytes);
  return graph === undefined || hasBranches(graph)
    ? undefined
    : graph.output.map(({ name }) => name);
}

function zeroNegligible(graph: OnnxGraph): number {
  let zeroed = 0;
  graph.initializer = graph.initializer.map((tensor) => {
    const values = floatValues(tensor);
    if (values === undefined) return tensor;
    let here = 0;
    magnitudeBits(values).forEach((bits, i) => {
      if (bits === 0 || bits >= NEGLIGIBLE_BITS) return;
      values[i] = 0;
      here++;
    });
    zeroed += here;
    return here === 0 ? tensor : createFloatTensor(tensor.name, tensor.dims, values);
  });
  return zeroed;
}
