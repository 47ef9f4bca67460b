/** Replaces quantised weights by 32-bit floats. */

import type { DetailedGraph, DetailedNode, DetailedTensor } from "./onnx_graph.ts";
import {
  byteValues,
  createDetailedFloatTensor,
  elementCount,
  floatValues,
  longValues,
} from "./onnx_tensor.ts";

/**
 * Largest number of elements of all results together: 512 MB. A small file can ask for far more,
 * with many nodes that use one weight.
 */
export const MAX_RESULT_ELEMENTS = 2 ** 27;

/**
 * Computes the DequantizeLinear and Reshape nodes whose inputs are all weights, as ONNX defines
 * them, and replaces each by its result. The result is exact: a product of 32-bit floats. Nodes of
 * another form do not change, and neither do nodes beyond {@linkcode MAX_RESULT_ELEMENTS}.
 *
 * @param maxElements Largest number of elements of all results together
 * @returns The nodes that were replaced. Weights that only they used are still in the graph.
 */
export function dequantiseWeights(
  graph: DetailedGraph,
  maxElements: number = MAX_RESULT_ELEMENTS,
): DetailedNode[] {
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const replaced: DetailedNode[] = [];
  let left = maxElements;
  graph.node = graph.node.filter((node) => {
    const source = weights.get(node.input[0] ?? "");
    if (source === undefined || elementCount(source.dims) > left) return true;
    const result = compute(node, weights);
    if (result === undefined) return true;
    left -= elementCount(result.dims);
    weights.set(result.name, result);
    replaced.push(node);
    return false;
  });
  graph.initializer = [...weights.values()];
  return replaced;
}

function compute(
  node: DetailedNode,
  weights: ReadonlyMap<string, DetailedTensor>,
): DetailedTensor | undefined {
  if (node.domain !== "" || node.output.length !== 1) return undefined;
  const inputs = node.input.map((name) => weights.get(name));
  switch (node.opType) {
    case "DequantizeLinear":
      return dequantise(node, inputs);
    case "Reshape":
      return reshape(node, inputs);
    default:
      return undefined;
  }
}

/** Computes (q − zero) · scale. There is a scale for all of q, an index of an axis, or a block. */
function dequantise(
  node: DetailedNode,
  [q, scale, zero]: readonly (DetailedTensor | undefined)[],
): DetailedTensor | undefined {
  if (q === undefined || scale === undefined || (zero === undefined && node.input[2])) {
    return undefined;
  }
  const values = byteValues(q), scales = floatValues(scale), zeros = zero && byteValues(zero);
  if (values === undefined || scales === undefined) return undefined;
  if (zero !== undefined && zeros?.length !== scales.length) return undefined;
  const scaleOf = scaleIndices(node, q.dims, scale.dims);
  if (scaleOf === undefined) return undefined;
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const k = scaleOf(i);
    result[i] = (values[i]! - (zeros?.[k] ?? 0)) * scales[k]!;
  }
  return createDetailedFloatTensor(node.output[0]!, q.dims, result);
}

/** Returns the index of an element's scale; undefined when the scales do not fit the weight. */
function scaleIndices(
  node: DetailedNode,
  dims: readonly bigint[],
  scaleDims: readonly bigint[],
): ((index: number) => number) | undefined {
  const setting = (name: string, preset: number) =>
    Number(node.attribute.find((attribute) => attribute.name === name)?.i ?? preset);
  const given = setting("axis", 1), block = setting("block_size", 0);
  if (block === 0 && elementCount(scaleDims) === 1) return () => 0;
  const axis = given < 0 ? given + dims.length : given;
  if (axis < 0 || axis >= dims.length || block < 0) return undefined;
  const sizes = dims.map(Number), scales = scaleDims.map(Number);
  const size = sizes[axis]!, inner = elementCount(dims.slice(axis + 1));
  if (block === 0) {
    if (scales.length !== 1 || scales[0] !== size) return undefined;
    return (index) => Math.floor(index / inner) % size;
  }
  const blocks = Math.ceil(size / block);
  const expected = sizes.with(axis, blocks);
  if (scales.length !== expected.length || scales.some((n, i) => n !== expected[i])) {
    return undefined;
  }
  return (index) => {
    const along = Math.floor(index / inner) % size, outer = Math.floor(index / (inner * size));
    return (outer * blocks + Math.floor(along / block)) * inner + index % inner;
  };
}

function reshape(
  node: DetailedNode,
  [data, shape]: readonly (DetailedTensor | undefined)[],
): DetailedTensor | undefined {
  const values = data && floatValues(data), dims = shape && longValues(shape);
  if (values === undefined || dims === undefined) return undefined;
  // ONNX gives the sizes 0 and −1 a meaning of their own. Such a node does not change.
  if (dims.some((size) => size < 1n) || elementCount(dims) !== values.length) return undefined;
  return createDetailedFloatTensor(node.output[0]!, dims, values);
}
