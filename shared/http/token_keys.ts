/**
 * Reads and makes the keys of worker tokens: Ed25519 keys in PEM, as openssl writes them. The api has
 * private keys; workers have only the public halves.
 */

import {
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  importJWK,
  importPKCS8,
  importSPKI,
} from "jose";
import { ConfigError } from "../env.ts";

/** A private key, which signs tokens. */
export interface SigningKey {
  /** Names the key in the header of a token: the RFC 7638 thumbprint of its public half. */
  readonly id: string;
  /** Cannot be exported. */
  readonly key: CryptoKey;
  /** The public half in PEM (SPKI), in the form that {@linkcode parsePublicKeys} reads. */
  readonly publicPem: string;
}

/** One or more private keys. The first key signs; the others are ready to replace it. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** One or more public keys, by their ids. Each of them verifies tokens. */
export type VerifyingKeys = ReadonlyMap<string, CryptoKey>;

/** Largest size of a key file. A file of {@linkcode MAX_KEYS} keys has 2 KB. */
export const MAX_KEY_FILE_BYTES = 16 * 1024;

const MAX_KEYS = 16;
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]*-----END \1-----/g;
const HOW_TO_MAKE = 'make one with "openssl genpkey -algorithm ed25519"';

/**
 * Reads private keys: one or more PEM blocks "PRIVATE KEY" (PKCS#8) with Ed25519 keys.
 *
 * @throws {ConfigError} when there is no key, too many keys, another kind of key, or other text
 */
export async function parsePrivateKeys(text: string): Promise<SigningKeys> {
  const [first, ...others] = await Promise.all(
    splitKeys(text, "PRIVATE KEY").map((pem) => importing(() => readSigningKey(pem))),
  );
  return [first!, ...others];
}

/**
 * Reads public keys: one or more PEM blocks "PUBLIC KEY" (SPKI) with Ed25519 keys.
 *
 * @throws {ConfigError} when there is no key, too many keys, another kind of key, or other text
 */
export async function parsePublicKeys(text: string): Promise<VerifyingKeys> {
  const keys = await Promise.all(
    splitKeys(text, "PUBLIC KEY").map((pem) =>
      importing(async () => {
        const key = await importSPKI(pem, "EdDSA", { extractable: true });
        const entry: [string, CryptoKey] = [
          await calculateJwkThumbprint(await exportJWK(key)),
          key as CryptoKey,
        ];
        return entry;
      })
    ),
  );
  return new Map(keys);
}

/** Makes a random private key in PEM, in the form that {@linkcode parsePrivateKeys} reads. */
export async function makePrivateKey(): Promise<string> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return `${(await exportPKCS8(privateKey)).trim()}\n`;
}

/** Returns the public halves of the keys in PEM: one block after the other. */
export function publicHalves(keys: readonly SigningKey[]): string {
  return keys.map(({ publicPem }) => publicPem).join("");
}

/** Returns the PEM blocks of the text, each without what is around it. */
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
  return blocks.map(([block]) => block);
}

async function readSigningKey(pem: string): Promise<SigningKey> {
  const { kty, crv, x } = await exportJWK(await importPKCS8(pem, "EdDSA", { extractable: true }));
  const publicJwk = { kty, crv, x } as { kty: "OKP"; crv: string; x: string };
  const publicKey = await importJWK(publicJwk, "EdDSA", { extractable: true });
  return {
    id: await calculateJwkThumbprint(publicJwk),
    key: await importPKCS8(pem, "EdDSA") as CryptoKey,
    publicPem: `${(await exportSPKI(publicKey as CryptoKey)).trim()}\n`,
  };
}

/** Imports a key. The error of the library is left out: it can quote the key. */
async function importing<Key>(read: () => Promise<Key>): Promise<Key> {
  try {
    return await read();
  } catch {
    return refuse(`a key is damaged or not an Ed25519 key: ${HOW_TO_MAKE}`);
  }
}

function refuse(reason: string): never {
  throw new ConfigError(`Worker token keys: ${reason}`);
}
