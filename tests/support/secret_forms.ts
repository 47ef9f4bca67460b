/** The forms in which embeddings and keys could be stored. */

import { createHash } from "node:crypto";
import { normalize } from "../../matching/vector.ts";

/** Returns an embedding as float32 and as int8, as it is and normalised again. */
export function embeddingForms(embedding: Float32Array): Uint8Array[] {
  const again = normalize(embedding);
  return [embedding, again, normalize(again)].flatMap((vector) => {
    const largest = Math.max(...vector.map(Math.abs));
    const int8 = (scale: number) =>
      new Uint8Array(Int8Array.from(vector, (value) => Math.round(value * scale)).buffer);
    return [new Uint8Array(vector.slice().buffer), int8(127 / largest), int8(127)];
  });
}

/** Returns a private Ed25519 key as its seed, as the secret that is computed of it, and as text. */
export function privateKeyForms(pem: string): Uint8Array[] {
  const base64 = pem.replace(/-----[A-Z ]+-----|\s/g, "");
  // A PKCS#8 key ends with the seed.
  const seed = Uint8Array.fromBase64(base64).slice(-32);
  const secret = createHash("sha512").update(seed).digest();
  // The first 22 characters are equal in all keys.
  return [seed, Uint8Array.from(secret.subarray(32)), ...textForms(base64.slice(-32))];
}

/** Returns a template key, which is 32 bytes in base64, as bytes and as text. */
export function templateKeyForms(line: string): Uint8Array[] {
  return [Uint8Array.fromBase64(line.trim()), ...textForms(line.trim().slice(0, 32))];
}

/** Returns a text in UTF-8 and in UTF-16. */
export function textForms(text: string): Uint8Array[] {
  const utf16 = Uint16Array.from(text, (character) => character.charCodeAt(0));
  return [new TextEncoder().encode(text), new Uint8Array(utf16.buffer)];
}

/** Returns bytes as a text of hexadecimal digits. */
export const hexForm = (bytes: Uint8Array): Uint8Array => new TextEncoder().encode(bytes.toHex());
