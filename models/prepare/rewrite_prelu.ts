/** Rewrites PRelu so that ONNX Runtime keeps its blocked memory layout. */

import { createNode, type OnnxGraph, type OnnxNode, type OnnxTensor } from "./onnx_graph.ts";
import { createFloatTensor, floatValues } from "./onnx_tensor.ts";

/**
 * Least |1 − slope| that is moved into the next operation. With a smaller one, slope / (1 − slope)
 * would be so large that the sum loses digits.
 */
const MIN_REST = 0.01;

/** A PRelu(x; a) whose a is a weight. */
interface PRelu {
  readonly x: string;
  readonly y: string;
  readonly slope: OnnxTensor;
  /** Elements of the slope. */
  readonly slopes: Float32Array;
}

/**
 * Rewrites each PRelu(x; a) of a graph, in one of two ways:
 *
 * - Where a convolution is the only user of the result, and a has one number for each channel:
 *   (a / (1 − a))·x + Relu(x). This is PRelu(x; a) divided by 1 − a, so the weights of the convolution
 *   are multiplied by 1 − a.
 * - Elsewhere: a·x + (1 − a)·Relu(x), which is one more multiplication of all numbers.
 *
 * A PRelu does not change when its slope is not a weight of 32-bit floats, or when one of the new
 * names is in use.
 *
 * @param outputs Names of the graph's outputs
 * @returns Number of nodes that were rewritten
 */
export function rewritePRelu(graph: OnnxGraph, outputs: readonly string[]): number {
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const names = new Set([...weights.keys(), ...graph.node.flatMap(({ output }) => output)]);
  const users = Map.groupBy(
    graph.node.flatMap((node) => node.input.map((name) => ({ name, node }))),
    ({ name }) => name,
  );
  const onlyUser = (name: string): OnnxNode | undefined => {
    const all = users.get(name) ?? [];
    return all.length === 1 && !outputs.includes(name) ? all[0]!.node : undefined;
  };
  const add = (name: string, like: OnnxTensor, values: Float32Array) => {
    weights.set(name, createFloatTensor(name, like.dims, values));
    names.add(name);
    return name;
  };

  /** Multiplies the weights of the convolution that uses y. Returns false when this is not possible. */
  function scaleNext({ y, slope, slopes }: PRelu): boolean {
    const next = onlyUser(y);
    if (next?.opType !== "Conv" || next.domain !== "" || next.input[0] !== y) return false;
    const [, name] = next.input;
    const weight = weights.get(name!);
    if (weight === undefined || onlyUser(name!) === undefined) return false;
    if (!isForChannels(slope, weight)) return false;
    const scaled = scaleInputs(weight, slopes.map((a) => 1 - a));
    if (scaled === undefined) return false;
    weights.set(name!, scaled);
    return true;
  }

  function replace(prelu: PRelu): OnnxNode[] | undefined {
    const { x, y, slope, slopes } = prelu;
    const linear = `${y}/linear`, relu = `${y}/relu`, positive = `${y}/positive`;
    const ratio = `${y}/ratio`, rest = `${slope.name}/rest`;
    if ([linear, relu, positive, ratio].some((name) => names.has(name))) return undefined;
    if (slopes.every((a) => Math.abs(1 - a) >= MIN_REST) && scaleNext(prelu)) {
      add(ratio, slope, slopes.map((a) => a / (1 - a)));
      return [
        createNode("Mul", [x, ratio], linear),
        createNode("Relu", [x], relu),
        createNode("Add", [linear, relu], y),
      ];
    }
    // Several nodes can have the same slope.
    if (!rests.has(rest)) {
      if (names.has(rest)) return undefined;
      rests.add(add(rest, slope, slopes.map((a) => 1 - a)));
    }
    return [
      createNode("Mul", [x, slope.name], linear),
      createNode("Relu", [x], relu),
      createNode("Mul", [relu, rest], positive),
      createNode("Add", [linear, positive], y),
    ];
  }

  const rests = new Set<string>();
  let rewritten = 0;
  graph.node = graph.node.flatMap((node) => {
    const prelu = readPRelu(node, weights);
    const nodes = prelu && replace(prelu);
    if (nodes === undefined) return [node];
    rewritten++;
    return nodes;
  });
  graph.initializer = [...weights.values()];
  return rewritten;
}

function readPRelu(node: OnnxNode, weights: Map<string, OnnxTensor>): PRelu | undefined {
  if (node.opType !== "PRelu" || node.domain !== "") return undefined;
  const [x, name] = node.input, [y] = node.output;
  const slope = weights.get(name!);
  const slopes = slope && floatValues(slope);
  return slopes && { x: x!, y: y!, slope: slope!, slopes };
}

/**
 * True when a slope differs only between channels. Its dimensions are aligned with the last ones of x,
 * [N, channels, …], and x has as many as the weights of the convolution.
 */
function isForChannels({ dims }: OnnxTensor, weight: OnnxTensor): boolean {
  const channels = dims.length - (weight.dims.length - 1);
  return dims.every((size, i) => i === channels || size === 1n);
}

/**
 * Multiplies a convolution's weights, shape [outputs, inputs of a group, …], by one number for each
 * input channel. Returns undefined when there is not one number for each channel.
 */
function scaleInputs(weight: OnnxTensor, scales: Float32Array): OnnxTensor | undefined {
  const values = floatValues(weight);
  const [outputs, inputs] = weight.dims.map(Number);
  const groups = scales.length / inputs!;
  if (values === undefined || !Number.isInteger(groups) || outputs! % groups !== 0) {
    return undefined;
  }
  const area = values.length / (outputs! * inputs!);
  const scaled = values.map((value, i) => {
    const channel = Math.floor(i / area);
    const output = Math.floor(channel / inputs!), input = channel % inputs!;
    const group = Math.floor(output / (outputs! / groups));
    return value * scales[group * inputs! + input]!;
  });
  return createFloatTensor(weight.name, weight.dims, scaled);
}
