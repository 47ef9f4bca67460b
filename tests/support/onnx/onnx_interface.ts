/** Reads and writes the inputs and outputs of an ONNX graph, for tests. */

import type { Message } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  createNode,
  FLOAT32,
  type OnnxGraph,
  type OnnxNode,
} from "../../../models/prepare/onnx_graph.ts";

/** Size of a dimension, or the name of a dimension of any size. */
export type Dimension = number | string;

// Fields of onnx.proto3. onnx_graph.ts does not know them, and keeps them as unknown fields.
const GRAPH_INPUT = 11, GRAPH_OUTPUT = 12, GRAPH_VALUE_INFO = 13, NODE_ATTRIBUTE = 5;
const ATTRIBUTE_TYPE_INT = 2, ATTRIBUTE_TYPE_INTS = 7;

/** Returns the names of the graph's inputs that are not weights. */
export function inputNames(graph: OnnxGraph): string[] {
  const weights = new Set(graph.initializer.map(({ name }) => name));
  return (graph.$unknown ?? [])
    .filter(({ no }) => no === GRAPH_INPUT)
    .map(({ data }) => readName(new BinaryReader(data).bytes()))
    .filter((name) => !weights.has(name));
}

/** Adds a float32 input, and removes the input `replaced` if it exists. */
export function setInput(
  graph: OnnxGraph,
  name: string,
  shape: readonly Dimension[],
  replaced?: string,
): void {
  graph.$unknown = (graph.$unknown ?? []).filter(({ no, data }) =>
    no !== GRAPH_INPUT || readName(new BinaryReader(data).bytes()) !== replaced
  );
  addField(graph, GRAPH_INPUT, encodeValueInfo(name, shape));
}

/** Adds the shape of a float32 value inside the graph. */
export function addInnerShape(graph: OnnxGraph, name: string, shape: readonly Dimension[]): void {
  addField(graph, GRAPH_VALUE_INFO, encodeValueInfo(name, shape));
}

/** Adds a float32 output. */
export function addOutput(graph: OnnxGraph, name: string, shape: readonly Dimension[]): void {
  addField(graph, GRAPH_OUTPUT, encodeValueInfo(name, shape));
}

/** Creates a node with settings that are integers or lists of integers. */
export function createOperation(
  opType: string,
  inputs: string[],
  output: string,
  settings: Readonly<Record<string, number | readonly (number | bigint)[]>> = {},
): OnnxNode {
  const node = createNode(opType, inputs, output);
  for (const [name, value] of Object.entries(settings)) {
    const attribute = new BinaryWriter().tag(1, WireType.LengthDelimited).string(name);
    if (typeof value === "number") {
      attribute.tag(3, WireType.Varint).int64(value);
      attribute.tag(20, WireType.Varint).int32(ATTRIBUTE_TYPE_INT);
    } else {
      for (const number of value) attribute.tag(8, WireType.Varint).int64(number);
      attribute.tag(20, WireType.Varint).int32(ATTRIBUTE_TYPE_INTS);
    }
    addField(node, NODE_ATTRIBUTE, attribute.finish());
  }
  return node;
}

/** Creates a node that puts the dimensions of `input` into another order. */
export function createTranspose(input: string, output: string, order: readonly number[]): OnnxNode {
  return createOperation("Transpose", [input], output, { perm: order });
}

// ValueInfoProto has the fields name (1) and type (2). The type has the field tensor_type (1),
// which has the fields elem_type (1) and shape (2).
function encodeValueInfo(name: string, shape: readonly Dimension[]): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).string(name);
  writer.tag(2, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.Varint).int32(FLOAT32);
  writer.tag(2, WireType.LengthDelimited).fork();
  for (const size of shape) {
    writer.tag(1, WireType.LengthDelimited).fork();
    if (typeof size === "number") writer.tag(1, WireType.Varint).int64(size);
    else writer.tag(2, WireType.LengthDelimited).string(size);
    writer.join();
  }
  return writer.join().join().join().finish();
}

function readName(valueInfo: Uint8Array): string {
  const reader = new BinaryReader(valueInfo);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) return reader.string();
    reader.skip(wireType, field);
  }
  return "";
}

function addField(message: Message, no: number, content: Uint8Array): void {
  const data = new BinaryWriter().bytes(content).finish();
  (message.$unknown ??= []).push({ no, wireType: WireType.LengthDelimited, data });
}
