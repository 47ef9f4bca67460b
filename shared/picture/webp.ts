/** Reads the structure of a WebP (RFC 9649). */

import { ExifDirectories } from "./exif_directories.ts";
import {
  damaged,
  excessive,
  hasText,
  type Structure,
  uint32LittleEndian,
  viewOf,
} from "./structure.ts";

/**
 * Most chunks. The decoder searches the list of frames from its beginning for each frame, so the
 * work grows with the square of their number: 150,000 frames take more than 25 s, and 4,000 take
 * 40 ms.
 */
const MAX_CHUNKS = 4096;

/** Bytes a pixel that the decoder holds for an animation: the canvas, and a copy of it in parts. */
const ANIMATION_PIXEL_BYTES = 6;
/** Bytes a pixel that the decoder holds for a lossless frame: all pixels, with alpha. */
const LOSSLESS_PIXEL_BYTES = 4;

const RIFF_BYTES = 12;
const CHUNK_HEAD_BYTES = 8;
const ANIMATION_FLAG = 2;
/** Bytes of the start of a chunk of the type VP8X, and of a frame of VP8. */
const VP8_HEAD_BYTES = 10;
/** Bytes of the start of a frame of VP8L. */
const VP8L_HEAD_BYTES = 5;

/** Reads the structure of a WebP. Bytes after the length that it declares are ignored. */
export function readWebp(bytes: Uint8Array): Structure {
  if (bytes.length < RIFF_BYTES + CHUNK_HEAD_BYTES) return damaged("incomplete header");
  const end = 8 + uint32LittleEndian(bytes, 4);
  if (end > bytes.length) return damaged("fewer bytes than declared");
  const firstEnd = chunkEnd(bytes, RIFF_BYTES);
  if (firstEnd > end) return damaged("incomplete chunk");
  const start = RIFF_BYTES + CHUNK_HEAD_BYTES;
  const content = bytes.subarray(start, firstEnd);
  if (hasText(bytes, RIFF_BYTES, "VP8 ")) return readLossy(content);
  if (hasText(bytes, RIFF_BYTES, "VP8L")) return readLossless(content);
  if (!hasText(bytes, RIFF_BYTES, "VP8X") || content.length < VP8_HEAD_BYTES) {
    return damaged("the first chunk is no picture");
  }
  const chunks = readChunks(bytes, firstEnd, end);
  return "kind" in chunks ? chunks : readCanvas(content, chunks.isLossless);
}

/** Returns the end of a chunk. A chunk of an odd length is followed by an empty byte. */
function chunkEnd(bytes: Uint8Array, at: number): number {
  const length = uint32LittleEndian(bytes, at + 4);
  return at + CHUNK_HEAD_BYTES + length + length % 2;
}

function readLossy(frame: Uint8Array): Structure {
  if (frame.length < VP8_HEAD_BYTES) return damaged("incomplete frame");
  const view = viewOf(frame);
  if (view.getUint8(3) !== 0x9d || view.getUint16(4) !== 0x012a) return damaged("no key frame");
  return sized(view.getUint16(6, true) & 0x3fff, view.getUint16(8, true) & 0x3fff, 0);
}

function readLossless(frame: Uint8Array): Structure {
  if (frame.length < VP8L_HEAD_BYTES || frame[0] !== 0x2f) return damaged("incomplete frame");
  const bits = viewOf(frame).getUint32(1, true);
  return sized((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1, LOSSLESS_PIXEL_BYTES);
}

function readCanvas(content: Uint8Array, isLossless: boolean): Structure {
  const view = viewOf(content);
  const width = (view.getUint32(3, true) >>> 8) + 1, height = (view.getUint32(6, true) >>> 8) + 1;
  const animated = (content[0]! & ANIMATION_FLAG) !== 0;
  const stillBytes = isLossless ? LOSSLESS_PIXEL_BYTES : 0;
  return sized(width, height, animated ? ANIMATION_PIXEL_BYTES : stillBytes);
}

function sized(width: number, height: number, heldPixelBytes: number): Structure {
  if (width === 0 || height === 0) return damaged("a frame without pixels");
  return { kind: "sound", width, height, heldBytes: width * height * heldPixelBytes };
}

/** Returns the fault of the chunks after the first one, or what they tell when they have none. */
function readChunks(
  bytes: Uint8Array,
  from: number,
  end: number,
): Structure | { isLossless: boolean } {
  const exif = new ExifDirectories();
  let chunks = 0, isLossless = false;
  for (let at = from; at + CHUNK_HEAD_BYTES <= end;) {
    const next = chunkEnd(bytes, at);
    if (next > end) return damaged("incomplete chunk");
    if (++chunks > MAX_CHUNKS) return excessive(`more than ${MAX_CHUNKS} chunks`);
    const content = bytes.subarray(at + CHUNK_HEAD_BYTES, next);
    isLossless ||= hasText(bytes, at, "VP8L");
    // libexif searches data that begins with 0xFF for another beginning.
    if (hasText(bytes, at, "EXIF") && (content[0] === 0xff || !exif.take(content))) {
      return excessive("EXIF with too many directories");
    }
    at = next;
  }
  return chunks === 0 ? damaged("no frame") : { isLossless };
}
