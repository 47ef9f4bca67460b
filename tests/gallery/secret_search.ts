/** Searches files and texts for the bytes of templates. */

import { join } from "node:path";
import { createByteSearch } from "../support/byte_search.ts";

/** Length of the pieces that are searched for: a part of a template is found, too. */
const PIECE_BYTES = 16;

/** Returns the bytes of an embedding as they could be stored: float32 and int8, both scales. */
export function embeddingBytes(embedding: Float32Array): Uint8Array[] {
  const floats = new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength);
  const largest = Math.max(...embedding.map(Math.abs));
  const int8 = (scale: number) =>
    new Uint8Array(Int8Array.from(embedding, (value) => Math.round(value * scale)).buffer);
  return [floats, int8(127 / largest), int8(127)];
}

/**
 * Returns the names of the files in a folder that contain a piece of one of the secrets.
 *
 * @param secrets Bytes to search for; their aligned pieces of 16 bytes are searched for
 */
export async function filesWith(
  folder: string,
  secrets: readonly Uint8Array[],
): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const search = createByteSearch(new Map([["secret", secrets]]), PIECE_BYTES);
    search.search(await Deno.readFile(join(folder, name)));
    if (search.found.size > 0) found.push(name);
  }
  return found.toSorted();
}

/** True when a dump, which writes bytes as hexadecimal digits, contains a piece of a secret. */
export function dumpHas(dump: string, secrets: readonly Uint8Array[]): boolean {
  return secrets.some((secret) => piecesOf(secret).some((piece) => dump.includes(piece.toHex())));
}

function piecesOf(secret: Uint8Array): Uint8Array[] {
  const count = Math.floor(secret.length / PIECE_BYTES);
  return Array.from(
    { length: count },
    (_, i) => secret.slice(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
  );
}
