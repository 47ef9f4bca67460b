/** Rewrites a network so that it computes the same result in less time. */

import {
  hasBranches,
  type OnnxGraph,
  type OnnxModel,
  readDetailedOnnx,
  readOnnx,
  writeOnnx,
} from "./onnx_graph.ts";
import { createFloatTensor, floatValues } from "./onnx_tensor.ts";
import { rewritePRelu } from "./rewrite_prelu.ts";
import { type UnpackedModel, unpackModel } from "./unpack_model.ts";

/** A prepared model. */
export interface PreparedModel {
  /** The ONNX file. It is the given array when there was nothing to rewrite. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of nodes that {@linkcode unpackModel} computed or removed. */
  readonly removed: number;
  /** Number of weights that were set to zero. */
  readonly zeroed: number;
  /** Number of PRelu nodes that were rewritten. */
  readonly rewritten: number;
}

/** Error for bytes that are not an ONNX model. */
export class NotOnnxError extends Error {
  override readonly name = "NotOnnxError";
}

/**
 * Bits of the float 1e-15. The product of a smaller weight and a number of a network is denormal,
 * or too small to change a sum. The code compares the bits of weights, because the bits rise with
 * the magnitude. A comparison of the numbers would be wrong where ONNX Runtime flushes denormal
 * numbers: there it treats them as zero.
 */
const [NEGLIGIBLE_BITS] = bitsOf(Float32Array.of(1e-15)) as unknown as [number];

/** The first operator set in which Mul and Add broadcast as PRelu does. */
const BROADCASTING_OPSET = 7n;

/**
 * Rewrites a model in these ways. The results are the same except for the last bits of a 32-bit
 * float:
 *
 * - A model that was packed for size is unpacked: {@linkcode unpackModel}.
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
  let model: OnnxModel, unpacked: UnpackedModel, outputs: readonly string[] | undefined;
  try {
    unpacked = unpackModel(bytes);
    model = readOnnx(unpacked.bytes);
    outputs = namedOutputs(unpacked.bytes);
  } catch (cause) {
    throw new NotOnnxError("The file is not an ONNX model", { cause });
  }
  const { graph } = model;
  if (graph === undefined || graph.node.length === 0) {
    throw new NotOnnxError("The file is not an ONNX model: it has no graph");
  }
  const rewritten = canBroadcast(model) && outputs ? rewritePRelu(graph, outputs) : 0;
  const zeroed = zeroNegligible(graph);
  const { removed } = unpacked;
  if (zeroed === 0 && rewritten === 0) return { ...unpacked, zeroed, rewritten };
  return { bytes: writeOnnx(model), removed, zeroed, rewritten };
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
    bitsOf(values).forEach((bits, i) => {
      const magnitude = bits & 0x7fffffff;
      if (magnitude === 0 || magnitude >= NEGLIGIBLE_BITS) return;
      values[i] = 0;
      here++;
    });
    zeroed += here;
    return here === 0 ? tensor : createFloatTensor(tensor.name, tensor.dims, values);
  });
  return zeroed;
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}
