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
  /** Elements as little-endian bytes; empty when another field contains them. */
  rawData: Uint8Array;
  name: string;
}

/** A model with the fields that say which inputs, outputs and settings its parts have. */
export interface DetailedModel extends OnnxModel {
  irVersion: bigint;
  graph?: DetailedGraph;
}

/** See {@linkcode DetailedModel}. */
export interface DetailedGraph extends OnnxGraph {
  node: DetailedNode[];
  initializer: DetailedTensor[];
  input: OnnxValue[];
  output: OnnxValue[];
}

/** See {@linkcode DetailedModel}. */
export interface DetailedNode extends OnnxNode {
  attribute: OnnxAttribute[];
}

/** See {@linkcode DetailedModel}. */
export interface DetailedTensor extends OnnxTensor {
  /** Elements of small integer types; empty when `rawData` contains them. */
  int32Data: number[];
  /** Elements of 64-bit integers; empty when `rawData` contains them. */
  int64Data: bigint[];
}

/** An input or output of a graph. */
export interface OnnxValue extends Message {
  name: string;
}

/** A constant setting of an operation. */
export interface OnnxAttribute extends Message {
  name: string;
  /** The value, when it is one integer. */
  i: bigint;
  /** Kind of the value. */
  type: number;
}

/** The `dataType` of 32-bit floats. */
export const FLOAT32 = 1;

/** The kinds of an attribute whose value is a graph or a list of graphs. */
const GRAPH_ATTRIBUTES: readonly number[] = [5, 10];

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

type Field = ReturnType<typeof field>;

// The numbers and types come from onnx.proto3 (IR version 3 and later). Fields that are not listed
// are kept byte for byte as unknown fields, after the listed ones. So a longer list changes the
// bytes of a model that is read and written, and with them its sha256. The prepared models that
// people calibrated must keep their sha256: the detailed fields are a list of their own.
function describe(details: (...fields: Field[]) => Field[]): (name: string) => DescMessage {
  const registry = createFileRegistry(create(FileDescriptorSetSchema, {
    file: [create(FileDescriptorProtoSchema, {
      name: "onnx.proto",
      package: "onnx",
      syntax: "proto3",
      messageType: [
        {
          name: "ModelProto",
          field: [
            ...details(field("ir_version", 1, ONE, INT64)),
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
            ...details(
              field("input", 11, MANY, MESSAGE, ".onnx.ValueInfoProto"),
              field("output", 12, MANY, MESSAGE, ".onnx.ValueInfoProto"),
            ),
          ],
        },
        {
          name: "NodeProto",
          field: [
            field("input", 1, MANY, STRING),
            field("output", 2, MANY, STRING),
            field("name", 3, ONE, STRING),
            field("op_type", 4, ONE, STRING),
            ...details(field("attribute", 5, MANY, MESSAGE, ".onnx.AttributeProto")),
            field("domain", 7, ONE, STRING),
          ],
        },
        {
          name: "TensorProto",
          field: [
            field("dims", 1, MANY, INT64),
            field("data_type", 2, ONE, INT32),
            field("float_data", 4, MANY, FLOAT),
            ...details(
              field("int32_data", 5, MANY, INT32),
              field("int64_data", 7, MANY, INT64),
            ),
            field("name", 8, ONE, STRING),
            field("raw_data", 9, ONE, BYTES),
          ],
        },
        { name: "ValueInfoProto", field: [field("name", 1, ONE, STRING)] },
        {
          name: "AttributeProto",
          field: [
            field("name", 1, ONE, STRING),
            field("i", 3, ONE, INT64),
            field("type", 20, ONE, INT32),
          ],
        },
      ],
    })],
  }));
  return (name) => {
    const found = registry.getMessage(`onnx.${name}`);
    if (found === undefined) throw new TypeError(`The schema has no ${name}`);
    return found;
  };
}

const PLAIN = describe(() => []), DETAILED = describe((...fields) => fields);

/**
 * Reads an ONNX file.
 *
 * @throws {Error} when the bytes are not a protocol buffer
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  return fromBinary(PLAIN("ModelProto"), bytes) as OnnxModel;
}

/** Returns the bytes of an ONNX file. */
export function writeOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  return toBinary(PLAIN("ModelProto"), model) as Uint8Array<ArrayBuffer>;
}

/**
 * Reads an ONNX file with the fields of a {@linkcode DetailedModel}.
 *
 * @throws {Error} when the bytes are not a protocol buffer
 */
export function readDetailedOnnx(bytes: Uint8Array): DetailedModel {
  return fromBinary(DETAILED("ModelProto"), bytes) as DetailedModel;
}

/** Returns the bytes of an ONNX file that {@linkcode readDetailedOnnx} read. */
export function writeDetailedOnnx(model: DetailedModel): Uint8Array<ArrayBuffer> {
  return toBinary(DETAILED("ModelProto"), model) as Uint8Array<ArrayBuffer>;
}

/** True when a node contains another graph, as branches and loops do. It can use every name. */
export function hasBranches({ node }: DetailedGraph): boolean {
  return node.some(({ attribute }) =>
    attribute.some(({ type }) => GRAPH_ATTRIBUTES.includes(type))
  );
}

/** Creates a node of the standard operator set. */
export function createNode(opType: string, input: string[], output: string): OnnxNode {
  return create(
    PLAIN("NodeProto"),
    { opType, input, output: [output], name: output } as Record<string, unknown>,
  ) as OnnxNode;
}

/** Creates a node of a detailed model, of the standard operator set and without settings. */
export function createDetailedNode(opType: string, input: string[], output: string): DetailedNode {
  return create(
    DETAILED("NodeProto"),
    { opType, input, output: [output], name: output } as Record<string, unknown>,
  ) as DetailedNode;
}

/** Creates a weight of a plain model from its fields. */
export function createTensor(fields: Partial<OnnxTensor>): OnnxTensor {
  return create(PLAIN("TensorProto"), fields as Record<string, unknown>) as OnnxTensor;
}

/** Creates a weight of a detailed model from its fields. */
export function createDetailedTensor(fields: Partial<OnnxTensor>): DetailedTensor {
  return create(DETAILED("TensorProto"), fields as Record<string, unknown>) as DetailedTensor;
}
