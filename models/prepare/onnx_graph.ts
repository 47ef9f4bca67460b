/** Reads and writes the nodes and weights of ONNX files. */

import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type FieldDescriptorProto_Label as Label,
  type FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

/** A model. Fields that these interfaces do not have are kept unchanged. */
export interface OnnxModel extends Message {
  graph?: OnnxGraph;
  opsetImport: OnnxOperatorSet[];
}

/** The version of a set of operators. The standard set has an empty domain. */
export interface OnnxOperatorSet extends Message {
  domain: string;
  version: bigint;
}

/** Nodes, in an order in which they can be computed, and named weights. */
export interface OnnxGraph extends Message {
  node: OnnxNode[];
  initializer: OnnxTensor[];
}

/** One operation. */
export interface OnnxNode extends Message {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  domain: string;
}

/** A weight. */
export interface OnnxTensor extends Message {
  dims: bigint[];
  dataType: number;
  /** Elements; empty when `rawData` contains them. */
  floatData: number[];
  /** Elements as little-endian bytes; empty when `floatData` contains them. */
  rawData: Uint8Array;
  name: string;
}

/** The `dataType` of 32-bit floats. */
export const FLOAT32 = 1;

const ONE = 1 as Label, MANY = 3 as Label;
const FLOAT = 2 as Type, INT64 = 3 as Type, INT32 = 5 as Type, STRING = 9 as Type;
const MESSAGE = 11 as Type, BYTES = 12 as Type;

const field = (name: string, number: number, label: Label, type: Type, typeName = "") => ({
  name,
  number,
  label,
  type,
  typeName,
});

// The numbers and types come from onnx.proto3 (IR version 3 and later). Fields that are not listed
// are kept byte for byte as unknown fields.
const REGISTRY = createFileRegistry(create(FileDescriptorSetSchema, {
  file: [create(FileDescriptorProtoSchema, {
    name: "onnx.proto",
    package: "onnx",
    syntax: "proto3",
    messageType: [
      {
        name: "ModelProto",
        field: [
          field("graph", 7, ONE, MESSAGE, ".onnx.GraphProto"),
          field("opset_import", 8, MANY, MESSAGE, ".onnx.OperatorSetIdProto"),
        ],
      },
      {
        name: "OperatorSetIdProto",
        field: [field("domain", 1, ONE, STRING), field("version", 2, ONE, INT64)],
      },
      {
        name: "GraphProto",
        field: [
          field("node", 1, MANY, MESSAGE, ".onnx.NodeProto"),
          field("initializer", 5, MANY, MESSAGE, ".onnx.TensorProto"),
        ],
      },
      {
        name: "NodeProto",
        field: [
          field("input", 1, MANY, STRING),
          field("output", 2, MANY, STRING),
          field("name", 3, ONE, STRING),
          field("op_type", 4, ONE, STRING),
          field("domain", 7, ONE, STRING),
        ],
      },
      {
        name: "TensorProto",
        field: [
          field("dims", 1, MANY, INT64),
          field("data_type", 2, ONE, INT32),
          field("float_data", 4, MANY, FLOAT),
          field("name", 8, ONE, STRING),
          field("raw_data", 9, ONE, BYTES),
        ],
      },
    ],
  })],
}));

function schema(name: string): DescMessage {
  const found = REGISTRY.getMessage(`onnx.${name}`);
  if (found === undefined) throw new TypeError(`The schema has no ${name}`);
  return found;
}

const MODEL = schema("ModelProto"), NODE = schema("NodeProto"), TENSOR = schema("TensorProto");

/**
 * Reads an ONNX file.
 *
 * @throws {Error} when the bytes are not a protocol buffer
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  return fromBinary(MODEL, bytes) as OnnxModel;
}

/** Returns the bytes of an ONNX file. */
export function writeOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  return toBinary(MODEL, model) as Uint8Array<ArrayBuffer>;
}

/** Creates a node of the standard operator set. */
export function createNode(opType: string, input: string[], output: string): OnnxNode {
  return create(
    NODE,
    { opType, input, output: [output], name: output } as Record<string, unknown>,
  ) as OnnxNode;
}

/** Creates a weight of 32-bit floats. */
export function createFloatTensor(
  name: string,
  dims: readonly bigint[],
  values: Float32Array,
): OnnxTensor {
  const rawData = new Uint8Array(values.length * 4);
  const view = new DataView(rawData.buffer);
  values.forEach((value, i) => view.setFloat32(i * 4, value, true));
  const fields = { name, dims: [...dims], dataType: FLOAT32, rawData };
  return create(TENSOR, fields as Record<string, unknown>) as OnnxTensor;
}

/** Returns the elements of a weight of 32-bit floats; undefined for any other weight. */
export function floatValues(tensor: OnnxTensor): Float32Array | undefined {
  if (tensor.dataType !== FLOAT32) return undefined;
  const count = tensor.dims.reduce((product, size) => product * Number(size), 1);
  if (tensor.floatData.length > 0) {
    return tensor.floatData.length === count ? Float32Array.from(tensor.floatData) : undefined;
  }
  if (tensor.rawData.byteLength !== count * 4) return undefined;
  // Copies the bytes, because a conversion of the numbers could change denormal numbers to zero.
  // The byte order is right: all platforms of Deno are little-endian.
  return new Float32Array(tensor.rawData.slice().buffer);
}
