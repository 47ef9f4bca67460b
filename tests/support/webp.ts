/** Makes WebP files chunk by chunk for tests (RFC 9649). */

import { concatBytes } from "./png.ts";

/** Makes a chunk: its type, its length and its content, padded to an even length. */
export function riffChunk(
  type: string,
  content: Uint8Array | readonly number[] = [],
): Uint8Array<ArrayBuffer> {
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, content.length, true);
  return concatBytes(
    new TextEncoder().encode(type),
    new Uint8Array(length.buffer),
    Uint8Array.from(content),
    new Uint8Array(content.length % 2),
  );
}

/** Makes a WebP of chunks. The chunks need not be valid. */
export const webpOf = (...chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  riffChunk("RIFF", concatBytes(new TextEncoder().encode("WEBP"), ...chunks));
