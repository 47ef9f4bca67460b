/** The form of an API key: `fi_<id>_<secret>`. The service keeps only a hash of the secret. */

import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

const ID_BYTES = 8;
const SECRET_BYTES = 32;

/** Start of every key. No token begins like this. */
export const KEY_PREFIX = "fi_";

/** Form of a key's id. */
export const KEY_ID = new RegExp(`^[0-9a-f]{${2 * ID_BYTES}}$`);
const KEY = new RegExp(
  `^${KEY_PREFIX}([0-9a-f]{${2 * ID_BYTES}})_([0-9a-f]{${2 * SECRET_BYTES}})$`,
);

/** A key as a caller sends it, in its parts. */
export interface PresentedKey {
  /** Not secret: it names the key in the keys file and in the log. */
  readonly id: string;
  /** SHA-256 of the secret's 32 bytes. */
  readonly hash: Uint8Array;
}

/** Returns the parts of a key, or undefined when the text has another form. */
export function parseApiKey(text: string): PresentedKey | undefined {
  const [, id, secret] = KEY.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return { id, hash: hashOf(Uint8Array.fromHex(secret)) };
}

/** A new key. The secret is nowhere else. */
export interface NewKey {
  readonly id: string;
  /** The whole key. */
  readonly text: string;
  /** Hash of the secret, in hexadecimal. */
  readonly sha256: string;
}

/** Makes a random key. */
export function makeApiKey(): NewKey {
  const id = randomBytes(ID_BYTES).toHex();
  const secret = randomBytes(SECRET_BYTES);
  return { id, text: `${KEY_PREFIX}${id}_${secret.toHex()}`, sha256: hashOf(secret).toHex() };
}

/** Compares two hashes. The time does not depend on their content. */
export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length));

function hashOf(secret: Uint8Array): Uint8Array {
  return createHash("sha256").update(Buffer.from(secret)).digest();
}
