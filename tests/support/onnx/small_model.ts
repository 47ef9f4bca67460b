/** Networks of two operations, for tests of what a model's shapes may be. */

import { createNode, readOnnx, writeOnnx } from "../../../models/prepare/onnx_graph.ts";
import { addOutput, createTranspose, type Dimension, setInput } from "./onnx_interface.ts";

/** IR version 8, an empty graph "g", operator set 13. */
const EMPTY = Uint8Array.of(0x08, 8, 0x3a, 3, 0x12, 1, 0x67, 0x42, 2, 0x10, 13);

/**
 * A network that gives the mean of each channel of a picture.
 *
 * @param input Its shape; four dimensions, the channels the second or the last
 * @param output Its shape, as the file declares it
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
