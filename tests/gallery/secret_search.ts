/** Searches files and texts for the bytes of templates. */

import { join } from "node:path";

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
  const search = createSearch(secrets);
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (search(await Deno.readFile(join(folder, name)))) found.push(name);
  }
  return found.toSorted();
}

/** True when a dump, which writes bytes as hexadecimal digits, contains a piece of a secret. */
export function dumpHas(dump: string, secrets: readonly Uint8Array[]): boolean {
  return secrets.some((secret) => piecesOf(secret).some((piece) => dump.includes(piece.toHex())));
}

/** Returns a function that is true for content with a piece of a secret, at any place. */
function createSearch(secrets: readonly Uint8Array[]): (content: Uint8Array) => boolean {
  /** The pieces by their first four bytes. */
  const pieces = new Map<number, Uint8Array[]>();
  for (const piece of secrets.flatMap(piecesOf)) {
    const start = startOf(piece, 0);
    const others = pieces.get(start);
    if (others) others.push(piece);
    else pieces.set(start, [piece]);
  }
  return (content) => {
    for (let i = 0; i + PIECE_BYTES <= content.length; i++) {
      const candidates = pieces.get(startOf(content, i));
      if (candidates?.some((piece) => piece.every((byte, j) => byte === content[i + j]))) {
        return true;
      }
    }
    return false;
  };
}

function piecesOf(secret: Uint8Array): Uint8Array[] {
  const count = Math.floor(secret.length / PIECE_BYTES);
  return Array.from(
    { length: count },
    (_, i) => secret.slice(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
  );
}

const startOf = (bytes: Uint8Array, i: number): number =>
  bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24;
