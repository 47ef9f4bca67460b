/** Finds the weights of a graph and who uses them, and shortens them. */

import { magnitudeBits, NEGLIGIBLE_BITS } from "./negligible.ts";
import type { DetailedGraph, DetailedNode, DetailedTensor } from "./onnx_graph.ts";
import { createDetailedFloatTensor, floatValues } from "./onnx_tensor.ts";

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
   * Returns one value for each part of a weight along its first axis: true when all its numbers count
   * as zero. Returns undefined when the weight does not have this number of parts, or is not
   * {@linkcode own}.
   */
  zeroParts(name: string, count: number): boolean[] | undefined {
    const tensor = this.own(name);
    if (tensor === undefined || Number(tensor.dims[0]) !== count) return undefined;
    const bits = magnitudeBits(floatValues(tensor)!), size = bits.length / count;
    // The dimensions of a damaged file can be huge.
    if (size < 1) return undefined;
    return Array.from(
      { length: count },
      (_, i) => bits.subarray(i * size, (i + 1) * size).every((bits) => bits < NEGLIGIBLE_BITS),
    );
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
