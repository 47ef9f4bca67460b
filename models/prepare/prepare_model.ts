/** Rewrites a network so that it computes the same result in less time. */

import {
  createNode,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  readOnnx,
  writeOnnx,
} from "./onnx_graph.ts";
import { createFloatTensor, floatValues } from "./onnx_tensor.ts";
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
 * - PRelu(x; a) becomes a·x + (1 − a)·Relu(x): ONNX Runtime has faster kernels for this form. They
 *   keep its blocked memory layout.
 *
 * A PRelu whose slope is not a weight of 32-bit floats does not change. A prepared model does not
 * change when it is prepared again.
 *
 * @param bytes An ONNX file
 * @throws {NotOnnxError} when the bytes are not an ONNX model
 */
export function prepareModel(bytes: Uint8Array<ArrayBuffer>): PreparedModel {
  let model: OnnxModel, unpacked: UnpackedModel;
  try {
    unpacked = unpackModel(bytes);
    model = readOnnx(unpacked.bytes);
  } catch (cause) {
    throw new NotOnnxError("The file is not an ONNX model", { cause });
  }
  const { graph } = model;
  if (graph === undefined || graph.node.length === 0) {
    throw new NotOnnxError("The file is not an ONNX model: it has no graph");
  }
  const zeroed = zeroNegligible(graph);
  const rewritten = canBroadcast(model) ? rewritePRelu(graph) : 0;
  const { removed } = unpacked;
  if (zeroed === 0 && rewritten === 0) return { ...unpacked, zeroed, rewritten };
  return { bytes: writeOnnx(model), removed, zeroed, rewritten };
}

function canBroadcast(model: OnnxModel): boolean {
  const standard = model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx");
  return standard !== undefined && standard.version >= BROADCASTING_OPSET;
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

function rewritePRelu(graph: OnnxGraph): number {
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const names = new Set([...weights.keys(), ...graph.node.flatMap(({ output }) => output)]);
  let rewritten = 0;
  graph.node = graph.node.flatMap((node) => {
    const slope = node.opType === "PRelu" && node.domain === ""
      ? weights.get(node.input[1]!)
      : undefined;
    const nodes = slope && replacePRelu(node, slope, weights, names);
    if (nodes === undefined) return [node];
    rewritten++;
    return nodes;
  });
  graph.initializer = [...weights.values()];
  return rewritten;
}

/**
 * Adds the weight 1 − slope, once for each slope. Returns its name; undefined when the name is in
 * use or the slope is not a weight of 32-bit floats.
 */
function addRest(
  slope: OnnxTensor,
  weights: Map<string, OnnxTensor>,
  names: Set<string>,
): string | undefined {
  const values = floatValues(slope);
  if (values === undefined) return undefined;
  const name = `${slope.name}/rest`;
  if (!weights.has(name)) {
    if (names.has(name)) return undefined;
    weights.set(name, createFloatTensor(name, slope.dims, values.map((value) => 1 - value)));
  }
  return name;
}

/**
 * Returns the nodes of a·x + (1 − a)·Relu(x) for PRelu(x; a). Returns undefined when one of their
 * names is in use, or when a is not a weight of 32-bit floats.
 */
function replacePRelu(
  node: OnnxNode,
  slope: OnnxTensor,
  weights: Map<string, OnnxTensor>,
  names: Set<string>,
): OnnxNode[] | undefined {
  const [x] = node.input, [y] = node.output;
  const linear = `${y}/linear`, relu = `${y}/relu`, positive = `${y}/positive`;
  if ([linear, relu, positive].some((name) => names.has(name))) return undefined;
  const rest = addRest(slope, weights, names);
  if (rest === undefined) return undefined;
  return [
    createNode("Mul", [x!, slope.name], linear),
    createNode("Relu", [x!], relu),
    createNode("Mul", [relu, rest], positive),
    createNode("Add", [linear, positive], y!),
  ];
}
