/** Changes the input of a recognition model to channels-last, for tests. */

import { readOnnx, writeOnnx } from "../../../models/prepare/onnx_graph.ts";
import { createTranspose, inputNames, setInput } from "./onnx_interface.ts";

/**
 * Returns a model with the input [1, 112, 112, 3]. It computes the same result as the given model,
 * which has the input [1, 3, 112, 112].
 *
 * @throws {TypeError} when the given model does not have exactly one input
 */
export function transposeInput(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const model = readOnnx(bytes);
  const { graph } = model;
  const [input, ...others] = graph === undefined ? [] : inputNames(graph);
  if (graph === undefined || input === undefined || others.length > 0) {
    throw new TypeError("The model does not have exactly one input");
  }
  const nhwc = `${input}/nhwc`;
  setInput(graph, nhwc, [1, 112, 112, 3], input);
  graph.node.unshift(createTranspose(nhwc, input, [0, 3, 1, 2]));
  return writeOnnx(model);
}
