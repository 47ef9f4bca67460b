/** Makes PNG files byte by byte for tests: damaged files, and kinds that sharp does not write. */

import { crc32, deflateSync } from "node:zlib";

/** Header of a PNG. Fields and chunks follow the specification (W3C PNG, section 11). */
export interface PngHeader {
  /** In pixels; the specification requires at least 1. */
  readonly width: number;
  /** In pixels; the specification requires at least 1. */
  readonly height: number;
  /** 1, 2, 4, 8 (the default) or 16. */
  readonly bitDepth?: number;
  /** 0 gray, 2 RGB (the default), 3 palette, 4 gray and alpha, 6 RGB and alpha. */
  readonly colourType?: number;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/**
 * Makes a PNG file.
 *
 * @param rows Bytes of each row, laid out as the bit depth and the colour type require
 * @param chunks Chunks between the header and the pixels
 */
export function png(
  header: PngHeader,
  rows: readonly (readonly number[])[],
  chunks: readonly Uint8Array[] = [],
): Uint8Array<ArrayBuffer> {
  const unfiltered = Uint8Array.from(rows.flatMap((row) => [0, ...row]));
  return pngOf(header, ...chunks, chunk("IDAT", deflateSync(unfiltered)), chunk("IEND"));
}

/** Makes a PNG from the signature, the header and chunks. The chunks need not be valid. */
export function pngOf(
  { width, height, bitDepth = 8, colourType = 2 }: PngHeader,
  ...chunks: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const size = new DataView(new ArrayBuffer(8));
  size.setUint32(0, width);
  size.setUint32(4, height);
  const fields = [...new Uint8Array(size.buffer), bitDepth, colourType, 0, 0, 0];
  return concatBytes(SIGNATURE, chunk("IHDR", Uint8Array.from(fields)), ...chunks);
}

/** Makes a chunk with its length and checksum. */
export function chunk(type: string, data: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const body = concatBytes(new TextEncoder().encode(type), data);
  const length = new DataView(new ArrayBuffer(4)), checksum = new DataView(new ArrayBuffer(4));
  length.setUint32(0, data.length);
  checksum.setUint32(0, crc32(body));
  return concatBytes(new Uint8Array(length.buffer), body, new Uint8Array(checksum.buffer));
}

/** Joins arrays, one after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
