/** Reads the shapes that a model states for its outputs and constants. */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { DetailedGraph, OnnxValue } from "./onnx_graph.ts";

/** Fields of onnx.proto3 on the way from a value to its dimensions. */
const TYPE = 2, TENSOR_TYPE = 1, SHAPE = 2, DIMENSION = 1, DIMENSION_VALUE = 1;
/** The field of an attribute with a tensor, and the one of a tensor with its dimensions. */
const TENSOR = 5, DIMENSIONS = 1;

/** Returns the last dimension of an output; undefined when the model does not state it. */
export function lastDimension({ $unknown = [] }: OnnxValue): bigint | undefined {
  const type = $unknown.findLast(({ no }) => no === TYPE);
  if (type === undefined) return undefined;
  let parts = [new BinaryReader(type.data).bytes()];
  for (const no of [TENSOR_TYPE, SHAPE, DIMENSION]) {
    parts = parts.flatMap((bytes) => messagesOf(bytes, no));
  }
  const last = parts.at(-1);
  if (last === undefined) return undefined;
  const reader = new BinaryReader(last);
  if (reader.len === 0) return undefined;
  const [no, wireType] = reader.tag();
  if (no !== DIMENSION_VALUE || wireType !== WireType.Varint) return undefined;
  return BigInt(reader.int64());
}

/** Returns the messages in a field of a message. */
function messagesOf(message: Uint8Array, field: number): Uint8Array[] {
  const reader = new BinaryReader(message), found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [no, wireType] = reader.tag();
    if (no === field && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, no);
  }
  return found;
}

/**
 * Returns the dimensions of a weight, or of the value of a Constant; undefined when the name is that
 * of neither.
 */
export function constantShape(graph: DetailedGraph, name: string): bigint[] | undefined {
  const weight = graph.initializer.find((tensor) => tensor.name === name);
  if (weight !== undefined) return weight.dims;
  const node = graph.node.find(({ output }) => output.includes(name));
  if (node?.opType !== "Constant") return undefined;
  const value = node.attribute.find(({ name }) => name === "value")?.$unknown
    ?.find(({ no }) => no === TENSOR);
  if (value === undefined) return undefined;
  const reader = new BinaryReader(new BinaryReader(value.data).bytes()), shape: bigint[] = [];
  while (reader.pos < reader.len) {
    const [no, wireType] = reader.tag();
    if (no !== DIMENSIONS) reader.skip(wireType, no);
    else if (wireType === WireType.Varint) shape.push(BigInt(reader.int64()));
    else {
      const end = reader.uint32() + reader.pos;
      while (reader.pos < end) shape.push(BigInt(reader.int64()));
    }
  }
  return shape;
}
