/**
 * Reads and makes the keys of worker tokens: Ed25519 keys in PEM, as openssl writes them. The api has
 * private keys; workers have only the public halves.
 */

import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { ConfigError } from "../env.ts";
import { headerOf } from "./token_format.ts";

/** A private key, which signs tokens. */
export interface SigningKey {
  /** Names the key in the header of a token: the RFC 7638 thumbprint of its public half. */
  readonly id: string;
  /** The header of each token that it signs, encoded. */
  readonly tokenHeader: string;
  /** Must not be exported. Logs and JSON show nothing of the key. */
  readonly key: KeyObject;
  /** The public half in PEM (SPKI), in the form that {@linkcode parsePublicKeys} reads. */
  readonly publicPem: string;
}

/** One or more private keys. The first key signs; the others are ready to replace it. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** One or more public keys, by their ids. Each of them verifies tokens. */
export type VerifyingKeys = ReadonlyMap<string, KeyObject>;

/** Largest size of a key file. A file of {@linkcode MAX_KEYS} keys has 2 KB. */
export const MAX_KEY_FILE_BYTES = 16 * 1024;

const MAX_KEYS = 16;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;
const HOW_TO_MAKE = 'make one with "openssl genpkey -algorithm ed25519"';

/**
 * Reads private keys: one or more PEM blocks "PRIVATE KEY" (PKCS#8) with Ed25519 keys.
 *
 * @throws {ConfigError} when there is no key, too many keys, another kind of key, or other text
 */
export function parsePrivateKeys(text: string): SigningKeys {
  const [first, ...others] = splitKeys(text, "PRIVATE KEY").map(readSigningKey);
  return [first!, ...others];
}

/**
 * Reads public keys: one or more PEM blocks "PUBLIC KEY" (SPKI) with Ed25519 keys.
 *
 * @throws {ConfigError} when there is no key, too many keys, another kind of key, or other text
 */
export function parsePublicKeys(text: string): VerifyingKeys {
  return new Map(
    splitKeys(text, "PUBLIC KEY").map((block) => {
      const key = importKey(
        block,
        (der) => createPublicKey({ key: der, format: "der", type: "spki" }),
      );
      return [thumbprintOf(key), key];
    }),
  );
}

/** Makes a random private key in PEM, in the form that {@linkcode parsePrivateKeys} reads. */
export function makePrivateKey(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return `${privateKey.export({ format: "pem", type: "pkcs8" }).toString().trim()}\n`;
}

/** Returns the public halves of the keys in PEM: one block after the other. */
export function publicHalves(keys: readonly SigningKey[]): string {
  return keys.map(({ publicPem }) => publicPem).join("");
}

/** Returns what the PEM blocks of the text contain, in base64. */
function splitKeys(text: string, label: "PRIVATE KEY" | "PUBLIC KEY"): string[] {
  const blocks = text.length > MAX_KEY_FILE_BYTES ? [] : [...text.matchAll(BLOCK)];
  if (text.length > MAX_KEY_FILE_BYTES) refuse(`more than ${MAX_KEY_FILE_BYTES} bytes`);
  if (text.trim() === "") refuse(`there is no key: ${HOW_TO_MAKE}`);
  if (blocks.length === 0 || text.replaceAll(BLOCK, "").trim() !== "") {
    refuse(
      "there is text outside of PEM blocks. The keys of the first version, which were lines of " +
        `text, are no longer accepted: ${HOW_TO_MAKE}`,
    );
  }
  if (blocks.length > MAX_KEYS) refuse(`there are more than ${MAX_KEYS} keys`);
  for (const [, found] of blocks) {
    if (found === label) continue;
    if (label === "PUBLIC KEY" && found === "PRIVATE KEY") {
      refuse(
        'there is a private key among the public keys: "openssl pkey -pubout" prints its public half',
      );
    }
    refuse(`a block is not a ${label}: ${HOW_TO_MAKE}`);
  }
  return blocks.map(([, , content]) => content!);
}

function readSigningKey(block: string): SigningKey {
  const key = importKey(
    block,
    (der) => createPrivateKey({ key: der, format: "der", type: "pkcs8" }),
  );
  const publicKey = createPublicKey(key);
  const id = thumbprintOf(publicKey);
  return {
    id,
    tokenHeader: headerOf(id),
    key,
    publicPem: `${publicKey.export({ format: "pem", type: "spki" }).toString().trim()}\n`,
  };
}

/** Imports an Ed25519 key. The error of the library is left out: it can quote the key. */
function importKey(block: string, read: (der: Buffer) => KeyObject): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = read(Buffer.from(Uint8Array.fromBase64(block)));
  } catch {
    // Refused below.
  }
  if (key?.asymmetricKeyType !== "ed25519") {
    refuse(`a key is damaged or not an Ed25519 key: ${HOW_TO_MAKE}`);
  }
  return key;
}

/** Returns the thumbprint of a public key (RFC 7638). */
function thumbprintOf(key: KeyObject): string {
  const { crv, kty, x } = key.export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
}

function refuse(reason: string): never {
  throw new ConfigError(`Worker token keys: ${reason}`);
}
