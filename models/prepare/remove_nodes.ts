/** Removes nodes that a worker does not need from a network. */

import type { DetailedGraph, DetailedNode, DetailedTensor } from "./onnx_graph.ts";
import { floatValues } from "./onnx_tensor.ts";

/**
 * Removes Dropout nodes. They do nothing outside of training. A Dropout with an input that says
 * whether it is training stays, and so does one whose mask is used.
 *
 * @returns The removed nodes
 */
export function removeDropout(graph: DetailedGraph): DetailedNode[] {
  const used = usedNames(graph);
  return removeNodes(
    graph,
    ({ opType, domain, input, output }) =>
      opType === "Dropout" && domain === "" && !input[2] && !(output[1] && used.has(output[1])),
  );
}

/**
 * Removes the nodes at the start of a network that compute (p − 127.5) / 128 from its input. A
 * worker gives numbers of this form to every network. The nodes stay when something else uses the
 * network's input or the difference.
 *
 * @returns The removed nodes
 */
export function removeInputScaling(graph: DetailedGraph): DetailedNode[] {
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const [data] = graph.input.filter(({ name }) => !weights.has(name) && isUsed(graph, name));
  const difference = data && onlyUser(graph, data.name, "Sub", 127.5, weights);
  const scaled = difference && onlyUser(graph, difference.output[0]!, "Mul", 1 / 128, weights);
  if (scaled === undefined) return [];
  return removeNodes(graph, (node) => node === difference || node === scaled);
}

/** Returns the only node that uses a value, when it is this operation with this number. */
function onlyUser(
  graph: DetailedGraph,
  value: string,
  opType: string,
  number: number,
  weights: ReadonlyMap<string, DetailedTensor>,
): DetailedNode | undefined {
  const users = graph.node.filter(({ input }) => input.includes(value));
  const [user] = users;
  if (users.length !== 1 || user!.opType !== opType || user!.domain !== "") return undefined;
  if (user!.input[0] !== value || isOutput(graph, value)) return undefined;
  const weight = weights.get(user!.input[1]!);
  const numbers = weight && floatValues(weight);
  return numbers?.length === 1 && numbers[0] === number ? user : undefined;
}

/**
 * Removes nodes whose first output equals their first input, and lets the other nodes use that
 * input. A node that computes an output of the graph stays.
 */
function removeNodes(
  graph: DetailedGraph,
  isRemovable: (node: DetailedNode) => boolean,
): DetailedNode[] {
  const sources = new Map<string, string>();
  const removed: DetailedNode[] = [];
  graph.node = graph.node.filter((node) => {
    // The nodes are in an order in which they can be computed, so the map already has the sources.
    node.input = node.input.map((name) => sources.get(name) ?? name);
    if (!isRemovable(node) || isOutput(graph, node.output[0]!)) return true;
    sources.set(node.output[0]!, node.input[0]!);
    removed.push(node);
    return false;
  });
  return removed;
}

/**
 * Removes what only the given nodes used: weights, and nodes without inputs. Also removes inputs
 * of the graph that no node uses or that are weights.
 */
export function removeUnused(graph: DetailedGraph, removed: readonly DetailedNode[]): void {
  const used = usedNames(graph);
  const abandoned = new Set(
    removed.flatMap(({ input }) => input).filter((name) => !used.has(name)),
  );
  graph.node = graph.node.filter(({ input, output }) =>
    input.length > 0 || output.some((name) => !abandoned.has(name))
  );
  graph.initializer = graph.initializer.filter(({ name }) => !abandoned.has(name));
  const weights = new Set(graph.initializer.map(({ name }) => name));
  graph.input = graph.input.filter(({ name }) => used.has(name) && !weights.has(name));
}

function usedNames({ node, output }: DetailedGraph): Set<string> {
  return new Set([...node.flatMap(({ input }) => input), ...output.map(({ name }) => name)]);
}

const isUsed = (graph: DetailedGraph, value: string): boolean =>
  graph.node.some(({ input }) => input.includes(value));

const isOutput = (graph: DetailedGraph, value: string): boolean =>
  graph.output.some(({ name }) => name === value);
