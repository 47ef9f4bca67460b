/** Finds out whether a network computes a value by a formula. */

import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { DetailedGraph, DetailedNode, OnnxAttribute } from "./onnx_graph.ts";

/**
 * A way to compute a value: the name of any value, or an operation and its inputs. An operation has
 * its settings, sorted by name, such as "Slice axes=2 ends=2 starts=0".
 */
export type Formula = string | Operation;

/** An operation and its inputs. */
export interface Operation extends ReadonlyArray<Formula> {
  readonly 0: string;
}

/** The part of a network that computes a formula. */
export interface FormulaMatch {
  /** The formula's operations. */
  readonly nodes: ReadonlySet<DetailedNode>;
  /** Returns the name that a value of the formula has in the network. */
  nameOf(value: string): string;
}

/** The type of a setting that is a list of integers, and the field with the list. */
const INTEGERS_TYPE = 7, INTEGERS_FIELD = 8;

/**
 * Returns the part of a network that computes a value by a formula; undefined when the value is
 * computed in another way, or when other nodes or an output use a value inside the formula. A name
 * that is in the formula twice must be the same value.
 */
export function matchFormula(
  graph: DetailedGraph,
  value: string,
  formula: Formula,
): FormulaMatch | undefined {
  const producers = new Map(
    graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)),
  );
  const nodes = new Set<DetailedNode>(), names = new Map<string, string>();
  const matches = (value: string, formula: Formula): boolean => {
    if (typeof formula === "string") {
      const known = names.get(formula) ?? value;
      names.set(formula, known);
      return known === value;
    }
    const [operation, ...inputs] = formula, node = producers.get(value);
    if (node === undefined || describe(node) !== operation) return false;
    if (node.input.length !== inputs.length || node.output.length !== 1) return false;
    nodes.add(node);
    return inputs.every((input, i) => matches(node.input[i]!, input));
  };
  if (!matches(value, formula)) return undefined;
  const inside = new Set([...nodes].map((node) => node.output[0]!));
  inside.delete(value);
  const others = graph.node.filter((node) => !nodes.has(node));
  const used = [...others.flatMap(({ input }) => input), ...graph.output.map(({ name }) => name)];
  if (used.some((name) => inside.has(name))) return undefined;
  return { nodes, nameOf: (value) => names.get(value)! };
}

function describe({ opType, domain, attribute }: DetailedNode): string {
  const settings = attribute.map((setting) => `${setting.name}=${integersOf(setting)}`);
  return [domain + opType, ...settings.toSorted()].join(" ");
}

function integersOf({ i, type, $unknown = [] }: OnnxAttribute): bigint[] {
  if (type !== INTEGERS_TYPE) return [i];
  return $unknown.filter(({ no }) => no === INTEGERS_FIELD)
    .map(({ data }) => BigInt(new BinaryReader(data).int64()));
}
