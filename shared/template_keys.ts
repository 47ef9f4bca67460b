/** Reads and makes the keys that encrypt templates: lines of 32 bytes in base64. */

import { Buffer } from "node:buffer";
import { createHash, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { ConfigError } from "./env.ts";

/** A key of AES-256-GCM. */
export interface TemplateKey {
  /** Names the key in the rows that it has encrypted. Computed from the key. */
  readonly id: string;
  /** 256 bits. */
  readonly key: KeyObject;
}

/** One or more keys. The first encrypts; all decrypt. */
export type TemplateKeys = readonly [TemplateKey, ...TemplateKey[]];

/** Length of a key in bytes. */
export const TEMPLATE_KEY_BYTES = 32;
/** Largest size of a key file in characters. */
export const MAX_TEMPLATE_KEYS_LENGTH = 4096;

const MAX_KEYS = 16;
const HOW_TO_MAKE = 'make one with "openssl rand -base64 32"';

/**
 * Reads keys: one or more lines, each with 32 random bytes in base64. Empty lines and lines that
 * begin with # are ignored.
 *
 * @throws {ConfigError} when there is no key, too many keys, the same key twice, or other text. The
 * message quotes nothing of the text
 */
export function parseTemplateKeys(text: string): TemplateKeys {
  if (text.length > MAX_TEMPLATE_KEYS_LENGTH) {
    refuse(`the file has more than ${MAX_TEMPLATE_KEYS_LENGTH} characters`);
  }
  const keys: TemplateKey[] = [];
  text.split("\n").forEach((line, i) => {
    const content = line.trim();
    if (content !== "" && !content.startsWith("#")) keys.push(readKey(content, i + 1));
  });
  const [first, ...others] = keys;
  if (first === undefined) refuse(`there is no key: ${HOW_TO_MAKE}`);
  if (keys.length > MAX_KEYS) refuse(`there are more than ${MAX_KEYS} keys`);
  if (new Set(keys.map(({ id }) => id)).size < keys.length) refuse("a key is there twice");
  return [first, ...others];
}

/** Makes a random key, in the form that {@linkcode parseTemplateKeys} reads. */
export function makeTemplateKey(): string {
  return `${randomBytes(TEMPLATE_KEY_BYTES).toString("base64")}\n`;
}

function readKey(base64: string, line: number): TemplateKey {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(base64);
  } catch {
    return refuse(`line ${line} is not base64: ${HOW_TO_MAKE}`);
  }
  if (bytes.length !== TEMPLATE_KEY_BYTES) {
    refuse(`line ${line} has not ${TEMPLATE_KEY_BYTES} bytes: ${HOW_TO_MAKE}`);
  }
  const id = createHash("sha256").update("face-it template key\0").update(bytes).digest("hex");
  return { id: id.slice(0, 16), key: createSecretKey(Buffer.from(bytes)) };
}

function refuse(reason: string): never {
  throw new ConfigError(`Template keys: ${reason}`);
}
