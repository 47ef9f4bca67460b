/** Makes networks of two operations, for tests of the shapes that a model may have. */

import { createNode, readOnnx, writeOnnx } from "../../../models/prepare/onnx_graph.ts";
import { addOutput, createTranspose, type Dimension, setInput } from "./onnx_interface.ts";

/** A model of IR version 8 and operator set 13 with an empty graph "g". */
const EMPTY = Uint8Array.of(0x08, 8, 0x3a, 3, 0x12, 1, 0x67, 0x42, 2, 0x10, 13);

/**
 * Returns a network that computes the mean of each channel of a picture.
 *
 * @param input Shape of the input, with three or four dimensions. If the last is 3, it is the
 * channels
 * @param output Shape of the output that the file declares
 */
export function channelMeans(
  input: readonly Dimension[],
  output: readonly Dimension[],
): Uint8Array<ArrayBuffer> {
  const model = readOnnx(EMPTY), graph = model.graph!;
  setInput(graph, "picture", input);
  const isNhwc = input.at(-1) === 3;
  if (isNhwc) graph.node.push(createTranspose("picture", "planes", [0, 3, 1, 2]));
  graph.node.push(
    createNode("GlobalAveragePool", [isNhwc ? "planes" : "picture"], "means"),
    createNode("Flatten", ["means"], "embedding"),
  );
  addOutput(graph, "embedding", output);
  return writeOnnx(model);
}
