/** Finds the weights of a graph and who uses them, and shortens them. */

import { NEGLIGIBLE } from "./negligible.ts";
import type { DetailedGraph, DetailedNode, DetailedTensor } from "./onnx_graph.ts";
import { createDetailedFloatTensor, elementCount, floatValues } from "./onnx_tensor.ts";

/** The weights of a graph, and the users of its values. */
export class GraphWeights {
  readonly #weights: Map<string, DetailedTensor>;
  /** The nodes that use a value, once for each use. */
  readonly #users: Map<string, DetailedNode[]>;
  /** Names of the graph's inputs and outputs. */
  readonly #ends: ReadonlySet<string>;

  constructor({ initializer, node, input, output }: DetailedGraph) {
    this.#weights = new Map(initializer.map((tensor) => [tensor.name, tensor]));
    this.#users = new Map();
    for (const user of node) {
      for (const name of user.input) {
        const users = this.#users.get(name);
        if (users === undefined) this.#users.set(name, [user]);
        else users.push(user);
      }
    }
    this.#ends = new Set([...input, ...output].map(({ name }) => name));
  }

  /** Returns all weights. */
  all(): DetailedTensor[] {
    return [...this.#weights.values()];
  }

  /** Returns a weight; undefined when it is computed or missing. */
  get(name: string): DetailedTensor | undefined {
    return this.#weights.get(name);
  }

  /**
   * Returns a weight of 32-bit floats that one node uses once; undefined for any other one, and for
   * one that is also an input of the graph, because a caller can replace it.
   */
  own(name: string): DetailedTensor | undefined {
    const tensor = this.#weights.get(name);
    if (tensor === undefined || floatValues(tensor) === undefined) return undefined;
    return this.onlyUser(name) === undefined ? undefined : tensor;
  }

  /**
   * Returns the only node that uses a value; undefined when there is none, when it uses the value
   * twice, or when the value is an input or output of the graph.
   */
  onlyUser(name: string): DetailedNode | undefined {
    const users = this.#users.get(name) ?? [];
    return users.length === 1 && !this.#ends.has(name) ? users[0] : undefined;
  }

  /**
   * Returns one value for each part of a weight along an axis: the largest magnitude of its numbers,
   * divided by that of the whole weight. It is 0 when all numbers of the part count as zero. Returns
   * undefined when the weight does not have this number of parts, or is not {@linkcode own}.
   */
  partSizes(name: string, axis: number, count: number): number[] | undefined {
    const tensor = this.own(name);
    if (tensor === undefined || Number(tensor.dims[axis]) !== count) return undefined;
    const sizes: number[] = Array(count).fill(0);
    const inner = elementCount(tensor.dims.slice(axis + 1));
    floatValues(tensor)!.forEach((value, i) => {
      const part = Math.floor(i / inner) % count, size = Math.abs(value);
      sizes[part] = Math.max(sizes[part]!, size < NEGLIGIBLE ? 0 : size);
    });
    const largest = Math.max(...sizes);
    return sizes.map((size) => size === 0 ? 0 : size / largest);
  }

  /** Removes all parts of a weight along an axis except those with these indices. */
  keep(name: string, axis: number, indices: readonly number[]): void {
    const tensor = this.#weights.get(name)!, values = floatValues(tensor)!;
    const dims = tensor.dims.map(Number);
    const size = dims.slice(axis + 1).reduce((product, n) => product * n, 1);
    const outer = dims.slice(0, axis).reduce((product, n) => product * n, 1);
    const kept = new Float32Array(outer * indices.length * size);
    for (let o = 0; o < outer; o++) {
      indices.forEach((index, i) => {
        const start = (o * dims[axis]! + index) * size;
        kept.set(values.subarray(start, start + size), (o * indices.length + i) * size);
      });
    }
    const shape = tensor.dims.with(axis, BigInt(indices.length));
    this.#weights.set(name, createDetailedFloatTensor(name, shape, kept));
  }
}
