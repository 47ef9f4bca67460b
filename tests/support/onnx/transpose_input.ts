/**
 * The command `deno run -P=tool tests/support/onnx/transpose_input.ts IN OUT`: puts a Transpose before a
 * recognition model, so that it takes pictures as [1, 112, 112, 3] and gives what it gave before.
 */

import process from "node:process";
import { writeAtomically } from "../../../shared/write_atomically.ts";
import { readOnnx, writeOnnx } from "../../../models/prepare/onnx_graph.ts";
import { createTranspose, inputNames, setInput } from "./onnx_interface.ts";

/**
 * A model with the input [1, 112, 112, 3] that computes what the given one computes from
 * [1, 3, 112, 112].
 *
 * @throws {TypeError} when the given model has not exactly one input
 */
export function transposeInput(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const model = readOnnx(bytes);
  const { graph } = model;
  const [input, ...others] = graph === undefined ? [] : inputNames(graph);
  if (graph === undefined || input === undefined || others.length > 0) {
    throw new TypeError("The model has not exactly one input");
  }
  const nhwc = `${input}/nhwc`;
  setInput(graph, nhwc, [1, 112, 112, 3], input);
  graph.node.unshift(createTranspose(nhwc, input, [0, 3, 1, 2]));
  return writeOnnx(model);
}

if (import.meta.main) {
  const [input, output, ...others] = Deno.args;
  if (input === undefined || output === undefined || others.length > 0) {
    console.error("Usage: deno run -P=tool tests/support/onnx/transpose_input.ts IN OUT");
    process.exitCode = 2;
  } else {
    await writeAtomically(output, transposeInput(await Deno.readFile(input)));
  }
}
