/** Finds the channels between two convolutions of a network, and those that are always zero. */

import type { GraphWeights } from "./graph_weights.ts";
import type { DetailedNode, OnnxAttribute } from "./onnx_graph.ts";

/** Largest number of nodes between two convolutions. A damaged file could have a circle of nodes. */
const MAX_STEPS = 16;

/** Channels that one convolution makes, and only one other uses. */
export interface Chain {
  /** For each channel: true when it is zero for every input of the network. */
  readonly isZero: readonly boolean[];
  /** The weights with one part for each channel, and the axis of the channels. */
  readonly cuts: readonly Cut[];
  /** The settings that are the number of channels. */
  readonly groups: readonly OnnxAttribute[];
}

/** A weight and its axis of channels. */
interface Cut {
  readonly name: string;
  readonly axis: number;
}

/** The values of a chain: [N, count, …], with `rank` dimensions. */
interface Place {
  readonly weights: GraphWeights;
  readonly count: number;
  readonly rank: number;
}

/** One node of a chain. */
interface Step {
  readonly cuts: readonly Cut[];
  readonly groups?: readonly OnnxAttribute[];
  /** True when the channel of the result is zero. `before`: the channel of the input is zero. */
  isZero(channel: number, before: boolean): boolean;
}

/**
 * Returns the channels that a convolution makes; undefined when the chain has another form than
 *
 * 1. a convolution of one group,
 * 2. any number of these: PRelu, Relu, BatchNormalization, a convolution of each channel alone,
 * 3. a convolution of one group.
 *
 * Each is the only user of the one before, and the only user of its weights.
 */
export function findChain(first: DetailedNode, weights: GraphWeights): Chain | undefined {
  if (!isOperation(first, "Conv") || groupOf(first) !== 1) return undefined;
  const dims = weights.own(first.input[1]!)?.dims ?? [];
  const place: Place = { weights, count: Number(dims[0]), rank: dims.length };
  const steps: Step[] = [];
  let node: DetailedNode | undefined = first, step = convolution(first, place);
  while (step !== undefined && steps.length < MAX_STEPS) {
    steps.push(step);
    node = weights.onlyUser(node.output[0]!);
    if (node === undefined) return undefined;
    if (isOperation(node, "Conv") && groupOf(node) === 1) {
      const name = node.input[1]!;
      if (Number(weights.own(name)?.dims[1]) !== place.count) return undefined;
      return join(steps, place, { name, axis: 1 });
    }
    step = readStep(node, place);
  }
  return undefined;
}

function join(steps: readonly Step[], { count }: Place, end: Cut): Chain {
  return {
    isZero: Array.from(
      { length: count },
      (_, channel) => steps.reduce((before, step) => step.isZero(channel, before), false),
    ),
    cuts: [...steps.flatMap(({ cuts }) => cuts), end],
    groups: steps.flatMap(({ groups }) => groups ?? []),
  };
}

/** Returns undefined for a node that cannot be between the two convolutions. */
function readStep(node: DetailedNode, place: Place): Step | undefined {
  if (isOperation(node, "Relu")) return { cuts: [], isZero: (_, before) => before };
  if (isOperation(node, "PRelu")) return prelu(node, place);
  if (isOperation(node, "BatchNormalization")) return normalization(node, place);
  if (!isOperation(node, "Conv") || groupOf(node) !== place.count) return undefined;
  const weight = place.weights.own(node.input[1]!);
  return Number(weight?.dims[1]) === 1 ? convolution(node, place) : undefined;
}

/** A convolution is zero when its bias is, and so are its input or its weights. */
function convolution(node: DetailedNode, { weights, count }: Place): Step | undefined {
  const [, weight, bias] = node.input;
  const weightIsZero = weights.zeroParts(weight!, count);
  const biasIsZero = bias ? weights.zeroParts(bias, count) : [];
  if (weightIsZero === undefined || biasIsZero === undefined) return undefined;
  return {
    cuts: [weight!, bias].filter(Boolean).map((name) => ({ name: name!, axis: 0 })),
    groups: node.attribute.filter(({ name, i }) => name === "group" && i !== 1n),
    isZero: (channel, before) =>
      (before || weightIsZero[channel]!) && (biasIsZero[channel] ?? true),
  };
}

/** PRelu(0) is zero. The slope has one part for each channel, or one for all. */
function prelu(node: DetailedNode, { weights, count, rank }: Place): Step | undefined {
  const name = node.input[1]!, slope = weights.get(name);
  if (slope === undefined) return undefined;
  // ONNX aligns the dimensions with the last ones of the input, so this is the axis of channels.
  const axis = slope.dims.length - (rank - 1), size = Number(slope.dims[axis] ?? 1);
  const isZero: Step["isZero"] = (_, before) => before;
  if (size === 1) return { cuts: [], isZero };
  return size === count && weights.own(name) ? { cuts: [{ name, axis }], isZero } : undefined;
}

/** (x − mean) / √variance · scale + bias, with one number for each channel. */
function normalization(node: DetailedNode, { weights, count }: Place): Step | undefined {
  const names = node.input.slice(1);
  const [scale, bias, mean, variance] = names.map((name) => weights.zeroParts(name, count));
  if (!scale || !bias || !mean || !variance || node.output.length !== 1) return undefined;
  if (names.some((name) => weights.get(name)!.dims.length !== 1)) return undefined;
  if (node.attribute.some(({ name, i }) => name === "training_mode" && i !== 0n)) return undefined;
  return {
    cuts: names.map((name) => ({ name, axis: 0 })),
    isZero: (channel, before) => bias[channel]! && (scale[channel]! || (before && mean[channel]!)),
  };
}

const isOperation = ({ opType, domain }: DetailedNode, name: string): boolean =>
  opType === name && domain === "";

const groupOf = ({ attribute }: DetailedNode): number =>
  Number(attribute.find(({ name }) => name === "group")?.i ?? 1);
