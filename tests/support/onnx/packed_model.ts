/** Makes networks with quantised weights, for tests. */

import {
  createTensor,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  readOnnx,
  writeOnnx,
} from "../../../models/prepare/onnx_graph.ts";
import { createFloatTensor } from "../../../models/prepare/onnx_tensor.ts";
import { addOutput, setInput } from "./onnx_interface.ts";

/** Returns a model of this IR version and operator set, with an empty graph "g". */
const emptyModel = (irVersion: number, operatorSet: number): Uint8Array =>
  Uint8Array.of(0x08, irVersion, 0x3a, 3, 0x12, 1, 0x67, 0x42, 2, 0x10, operatorSet);
const INT8 = 3, INT64 = 7;

/**
 * Returns a network from "x" to "y" of the same shape.
 *
 * @param fill Adds nodes and weights to the empty graph
 */
export function network(
  shape: readonly number[],
  fill: (graph: OnnxGraph) => void,
  irVersion = 10,
  operatorSet = 21,
): Uint8Array<ArrayBuffer> {
  const model = readOnnx(emptyModel(irVersion, operatorSet)), graph = model.graph!;
  setInput(graph, "x", shape);
  addOutput(graph, "y", shape);
  fill(graph);
  return writeOnnx(model);
}

/** Adds nodes and weights to a graph. */
export function add(
  graph: OnnxGraph,
  nodes: readonly OnnxNode[],
  ...weights: readonly OnnxTensor[]
): void {
  graph.node.push(...nodes);
  graph.initializer.push(...weights);
}

/** Creates a weight of 32-bit floats. */
export const floats = (name: string, dims: readonly number[], values: readonly number[]) =>
  createFloatTensor(name, dims.map(BigInt), Float32Array.from(values));

/** Creates a weight of signed 8-bit integers. */
export const bytes = (name: string, dims: readonly number[], values: readonly number[]) =>
  createTensor({
    name,
    dims: dims.map(BigInt),
    dataType: INT8,
    rawData: new Uint8Array(Int8Array.from(values).buffer),
  });

/** Creates a weight of 64-bit integers. */
export const longs = (name: string, values: readonly number[]) =>
  createTensor({
    name,
    dims: [BigInt(values.length)],
    dataType: INT64,
    rawData: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
  });
