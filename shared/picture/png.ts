/** Reads the structure of a PNG (W3C PNG, third edition). */

import { ExifDirectories } from "./exif_directories.ts";
import { damaged, excessive, hasText, type Structure, viewOf } from "./structure.ts";

/**
 * Most chunks that hold no pixels. Programs write a few dozen. The decoder inflates compressed text,
 * up to 8 MB in each chunk.
 */
const MAX_OTHER_CHUNKS = 256;

/**
 * Most chunks with pixels, of all frames. libpng writes one for every 8 KB. Some programs write one
 * for every row.
 */
const MAX_PIXEL_CHUNKS = 65_536;

const SIGNATURE_BYTES = 8;
const HEADER_BYTES = 13;
/** Length, type and checksum of a chunk. */
const FRAME_BYTES = 12;
const PIXEL_CHUNKS: readonly string[] = ["IDAT", "fdAT", "fcTL"];

/** Bit depths that each colour type may have, and its number of channels. */
const COLOUR_TYPES: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  // The palette's colours are decoded to three channels.
  3: { channels: 3, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/**
 * Reads the structure of a PNG, from its signature to IEND. Bytes after IEND are ignored. Checksums
 * are not compared.
 */
export function readPng(bytes: Uint8Array): Structure {
  const view = viewOf(bytes);
  const header = readHeader(bytes, view);
  if (header.kind !== "sound") return header;
  const exif = new ExifDirectories();
  let pixelChunks = 0, otherChunks = 0, hasPixels = false;
  for (let at = SIGNATURE_BYTES + FRAME_BYTES + HEADER_BYTES; at + FRAME_BYTES <= bytes.length;) {
    const end = at + FRAME_BYTES + view.getUint32(at);
    if (end > bytes.length) return damaged("incomplete chunk");
    if (hasText(bytes, at + 4, "IEND")) return hasPixels ? header : damaged("no pixels");
    if (PIXEL_CHUNKS.some((type) => hasText(bytes, at + 4, type))) {
      hasPixels ||= hasText(bytes, at + 4, "IDAT");
      if (++pixelChunks > MAX_PIXEL_CHUNKS) return excessive("too many chunks with pixels");
    } else if (++otherChunks > MAX_OTHER_CHUNKS) {
      return excessive(`more than ${MAX_OTHER_CHUNKS} chunks without pixels`);
    }
    if (hasText(bytes, at + 4, "eXIf") && !exif.take(bytes.subarray(at + 8, end - 4))) {
      return excessive("EXIF with too many directories");
    }
    at = end;
  }
  return damaged("no end chunk");
}

function readHeader(bytes: Uint8Array, view: DataView): Structure {
  const start = SIGNATURE_BYTES + 8;
  if (bytes.length < start + HEADER_BYTES + 4) return damaged("incomplete header");
  if (view.getUint32(SIGNATURE_BYTES) !== HEADER_BYTES || !hasText(bytes, start - 4, "IHDR")) {
    return damaged("the first chunk is not a header");
  }
  const width = view.getUint32(start), height = view.getUint32(start + 4);
  const [bitDepth, colourType, compression, filter, interlaced] = bytes.subarray(start + 8);
  const colour = COLOUR_TYPES[colourType!];
  if (width === 0 || height === 0) return damaged("a header without pixels");
  if (colour === undefined || !colour.depths.includes(bitDepth!)) {
    return damaged("a wrong colour type");
  }
  if (compression !== 0 || filter !== 0 || interlaced! > 1) return damaged("a wrong header");
  const pixelBytes = colour.channels * (bitDepth === 16 ? 2 : 1);
  return {
    kind: "sound",
    width,
    height,
    // The decoder can return the first row of an interlaced picture only after the last pass.
    heldBytes: interlaced === 1 ? width * height * pixelBytes : 0,
  };
}
