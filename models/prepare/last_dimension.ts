/** Reads the shape that a model states for an output. */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { OnnxValue } from "./onnx_graph.ts";

/** Fields of onnx.proto3 on the way from a value to its dimensions. */
const TYPE = 2, TENSOR_TYPE = 1, SHAPE = 2, DIMENSION = 1, DIMENSION_VALUE = 1;

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
