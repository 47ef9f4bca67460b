/** Reads embeddings as calls have them. */

import { dimensionOf } from "../models/manifest.ts";
import { Problem } from "../shared/contract/problem.ts";
import type { GalleryIndex } from "./index/gallery_index.ts";

/** Length of a 32-bit floating-point number in bytes. */
const NUMBER_BYTES = 4;
/** An embedding of fewer numbers would match by chance. */
const MIN_DIMENSION = 16;
/** Greatest difference between an embedding's length and 1. Rounding makes less than 1e-6. */
const LENGTH_TOLERANCE = 1e-3;

/**
 * Reads an embedding: 32-bit floating-point numbers, little-endian.
 *
 * @returns L2-normalised
 * @throws {Problem} `invalid_request` when the bytes are not an embedding
 */
export function parseEmbedding(bytes: Uint8Array): Float32Array {
  const count = bytes.byteLength / NUMBER_BYTES;
  if (!Number.isInteger(count) || count < MIN_DIMENSION) {
    throw new Problem("invalid_request", "The body is not an embedding");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const embedding = new Float32Array(count);
  let square = 0;
  for (let i = 0; i < count; i++) {
    const value = view.getFloat32(NUMBER_BYTES * i, true);
    embedding[i] = value;
    square += value * value;
  }
  // False also for a sum that is not a number.
  if (!(Math.abs(Math.sqrt(square) - 1) <= LENGTH_TOLERANCE)) {
    throw new Problem("invalid_request", "The embedding does not have the length 1");
  }
  return embedding;
}

/**
 * Returns the refusal `invalid_request` of an embedding that cannot be of its model; undefined when it
 * can.
 *
 * @param index Knows the length of the embeddings of a model that is not in the manifest
 */
export function checkDimension(
  index: GalleryIndex,
  model: string,
  { length }: Float32Array,
): Problem | undefined {
  const dimension = dimensionOf(model) ?? index.dimensionOf(model);
  if (dimension === undefined || dimension === length) return undefined;
  return new Problem(
    "invalid_request",
    `The embedding has ${length} numbers, and its model gives ${dimension}`,
  );
}
