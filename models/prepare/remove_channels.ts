/** Removes channels of a network that are always zero. */

import { type Chain, findChain } from "./channel_chain.ts";
import { GraphWeights } from "./graph_weights.ts";
import { hasBranches, readDetailedOnnx, writeDetailedOnnx } from "./onnx_graph.ts";

/** A model without the channels that are always zero. */
export interface TrimmedModel {
  /** The ONNX file. It is the given array when there was nothing to remove. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of channels that were removed. */
  readonly channels: number;
}

/**
 * ONNX Runtime computes channels in blocks: of 8 with AVX2, and of 16 with AVX-512. For a convolution
 * of each channel alone it leaves its fast memory layout when the channels do not fill the blocks.
 */
const BLOCK = 16;

/** The field of a graph with the shapes of values inside it. */
const VALUE_INFO = 13;

/**
 * Removes channels between two convolutions that are zero for every input: {@linkcode findChain}.
 * Weights with |w| < 1e-15 count as zero, as in a prepared model. The result does not change, because
 * the second convolution multiplies these channels by its weights and adds the products. As many of
 * them stay as fill the last block.
 *
 * A model with branches or loops does not change.
 *
 * @param bytes An ONNX file
 * @throws {Error} when the bytes are not a protocol buffer
 */
export function removeChannels(bytes: Uint8Array<ArrayBuffer>): TrimmedModel {
  const model = readDetailedOnnx(bytes);
  const { graph } = model;
  if (graph === undefined || hasBranches(graph)) return { bytes, channels: 0 };
  const weights = new GraphWeights(graph);
  let channels = 0;
  for (const node of graph.node) {
    const chain = findChain(node, weights);
    if (chain !== undefined) channels += shorten(chain, weights);
  }
  if (channels === 0) return { bytes, channels };
  graph.initializer = weights.all();
  // Shapes inside the graph are hints, and are now wrong. ONNX Runtime computes them itself.
  graph.$unknown = (graph.$unknown ?? []).filter(({ no }) => no !== VALUE_INFO);
  return { bytes: writeDetailedOnnx(model), channels };
}

/** Returns the number of channels that were removed. */
function shorten({ isZero, cuts, groups }: Chain, weights: GraphWeights): number {
  const live = isZero.filter((zero) => !zero).length;
  const size = Math.max(1, Math.ceil(live / BLOCK)) * BLOCK;
  if (size >= isZero.length) return 0;
  let spare = size - live;
  const kept = [...isZero.keys()].filter((channel) => !isZero[channel] || spare-- > 0);
  for (const { name, axis } of cuts) weights.keep(name, axis, kept);
  for (const group of groups) group.i = BigInt(size);
  return isZero.length - size;
}
