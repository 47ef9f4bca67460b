/** Reads the structure of a PNG (W3C PNG, third edition). */

import { ExifDirectories } from "./exif_directories.ts";
import { InflatedText } from "./png_text.ts";
import {
  type BrokenStructure,
  damaged,
  excessive,
  hasText,
  type SoundStructure,
  type Structure,
  uint32,
} from "./structure.ts";

/** Most chunks that hold no pixels. Programs write a few dozen. */
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
const TEXT_CHUNKS: readonly string[] = ["tEXt", "zTXt", "iTXt", "iCCP"];

/**
 * Bit depths that each colour type may have, and its number of channels. A tRNS chunk adds a channel
 * to those without transparency.
 */
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
  const header = readHeader(bytes);
  if ("kind" in header) return header;
  const exif = new ExifDirectories(), text = new InflatedText();
  let pixelChunks = 0, otherChunks = 0, hasPixels = false, hasKey = false;
  for (let at = SIGNATURE_BYTES + FRAME_BYTES + HEADER_BYTES; at + FRAME_BYTES <= bytes.length;) {
    const end = at + FRAME_BYTES + uint32(bytes, at);
    if (end > bytes.length) return damaged("incomplete chunk");
    const type = typeOf(bytes, at);
    if (type === "IEND") {
      return hasPixels ? sound(header, hasKey, text.heldBytes) : damaged("no pixels");
    }
    if (PIXEL_CHUNKS.includes(type)) {
      hasPixels ||= type === "IDAT";
      if (++pixelChunks > MAX_PIXEL_CHUNKS) return excessive("too many chunks with pixels");
    } else if (++otherChunks > MAX_OTHER_CHUNKS) {
      return excessive(`more than ${MAX_OTHER_CHUNKS} chunks without pixels`);
    }
    const content = () => bytes.subarray(at + 8, end - 4);
    if (type === "eXIf" && !exif.take(content())) {
      return excessive("EXIF with too many directories");
    }
    if (TEXT_CHUNKS.includes(type) && !text.take(type, content())) {
      return excessive("too many large texts");
    }
    hasKey ||= type === "tRNS";
    at = end;
  }
  return damaged("no end chunk");
}

/** Returns the four letters of a chunk's type. */
const typeOf = (bytes: Uint8Array, at: number): string =>
  String.fromCharCode(bytes[at + 4]!, bytes[at + 5]!, bytes[at + 6]!, bytes[at + 7]!);

interface Header {
  readonly width: number;
  readonly height: number;
  readonly colourType: number;
  readonly channels: number;
  readonly channelBytes: number;
  readonly interlaced: boolean;
}

function readHeader(bytes: Uint8Array): Header | BrokenStructure {
  const start = SIGNATURE_BYTES + 8;
  if (bytes.length < start + HEADER_BYTES + 4) return damaged("incomplete header");
  if (uint32(bytes, SIGNATURE_BYTES) !== HEADER_BYTES || !hasText(bytes, start - 4, "IHDR")) {
    return damaged("the first chunk is not a header");
  }
  const width = uint32(bytes, start), height = uint32(bytes, start + 4);
  const [bitDepth, colourType, compression, filter, interlaced] = bytes.subarray(
    start + 8,
    start + HEADER_BYTES,
  );
  const colour = COLOUR_TYPES[colourType!];
  if (width === 0 || height === 0) return damaged("a header without pixels");
  if (colour === undefined || !colour.depths.includes(bitDepth!)) {
    return damaged("a wrong colour type");
  }
  if (compression !== 0 || filter !== 0 || interlaced! > 1) return damaged("a wrong header");
  return {
    width,
    height,
    colourType: colourType!,
    channels: colour.channels,
    channelBytes: bitDepth === 16 ? 2 : 1,
    interlaced: interlaced === 1,
  };
}

/** Colour types whose fourth or second channel is transparency. */
const TRANSPARENT_TYPES: readonly number[] = [4, 6];

function sound(header: Header, hasKey: boolean, textBytes: number): SoundStructure {
  const { width, height, colourType, channelBytes, interlaced } = header;
  const added = hasKey && !TRANSPARENT_TYPES.includes(colourType) ? 1 : 0;
  const pixelBytes = (header.channels + added) * channelBytes;
  return {
    kind: "sound",
    width,
    height,
    // The decoder can return the first row of an interlaced picture only after the last pass.
    heldBytes: interlaced ? width * height * pixelBytes + textBytes : 0,
  };
}
