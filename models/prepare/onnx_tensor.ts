/** Reads and creates the elements of an ONNX model's weights. */

import {
  createDetailedTensor,
  createTensor,
  type DetailedTensor,
  FLOAT32,
  type OnnxTensor,
} from "./onnx_graph.ts";

const UINT8 = 2, INT8 = 3, INT64 = 7;

/** Creates a weight of 32-bit floats. */
export function createFloatTensor(
  name: string,
  dims: readonly bigint[],
  values: Float32Array,
): OnnxTensor {
  return createTensor(floatFields(name, dims, values));
}

/** Creates a weight of 32-bit floats for a detailed model. */
export function createDetailedFloatTensor(
  name: string,
  dims: readonly bigint[],
  values: Float32Array,
): DetailedTensor {
  return createDetailedTensor(floatFields(name, dims, values));
}

function floatFields(name: string, dims: readonly bigint[], values: Float32Array) {
  // Copies the bytes, as floatValues does.
  const rawData = new Uint8Array(values.slice().buffer);
  return { name, dims: [...dims], dataType: FLOAT32, rawData };
}

/** Returns the elements of a weight of 32-bit floats; undefined for any other weight. */
export function floatValues(tensor: OnnxTensor): Float32Array | undefined {
  if (tensor.dataType !== FLOAT32) return undefined;
  const count = elementCount(tensor.dims);
  if (tensor.floatData.length > 0) {
    return tensor.floatData.length === count ? Float32Array.from(tensor.floatData) : undefined;
  }
  if (tensor.rawData.byteLength !== count * 4) return undefined;
  // Copies the bytes, because a conversion of the numbers could change denormal numbers to zero.
  // The byte order is right: all platforms of Deno are little-endian.
  return new Float32Array(tensor.rawData.slice().buffer);
}

/** Returns the elements of a weight of 8-bit integers; undefined for any other weight. */
export function byteValues(tensor: DetailedTensor): Int8Array | Uint8Array | undefined {
  const { dataType, int32Data, rawData } = tensor;
  if (dataType !== INT8 && dataType !== UINT8) return undefined;
  const Elements = dataType === INT8 ? Int8Array : Uint8Array;
  const values = int32Data.length > 0
    ? Elements.from(int32Data)
    : new Elements(rawData.slice().buffer);
  return values.length === elementCount(tensor.dims) ? values : undefined;
}

/** Returns the elements of a weight of 64-bit integers; undefined for any other weight. */
export function longValues(tensor: DetailedTensor): bigint[] | undefined {
  const { dataType, int64Data, rawData } = tensor;
  if (dataType !== INT64) return undefined;
  const count = elementCount(tensor.dims);
  if (int64Data.length > 0) return int64Data.length === count ? int64Data : undefined;
  if (rawData.byteLength !== count * 8) return undefined;
  return [...new BigInt64Array(rawData.slice().buffer)];
}

/** Returns the number of elements of a tensor with these dimensions: 1 without dimensions. */
export function elementCount(dims: readonly bigint[]): number {
  return dims.reduce((product, size) => product * Number(size), 1);
}
