/** Makes the keys of worker tokens that are missing. Keys that exist are never replaced. */

import { ConfigError } from "../../shared/env.ts";
import {
  makePrivateKey,
  parsePrivateKeys,
  parsePublicKeys,
  publicHalves,
  type SigningKeys,
} from "../../shared/http/token_keys.ts";
import { ensureSecretFile, type Outcome, type SecretFile } from "./secret_file.ts";

/** Text that is stored, and its version. A change is refused when the version is no longer the same. */
export interface Stored {
  readonly text: string;
  readonly version: string;
}

/** Store of the private keys of the api, and of the public keys of the workers. */
export interface KeyStore {
  readonly privateKeys: SecretFile;
  /** Returns the public keys, or undefined when there are none. */
  readPublic(): Promise<Stored | undefined>;
  /** Stores the first public keys. Returns false when there are some already. */
  createPublic(text: string): Promise<boolean>;
  /** Replaces the public keys of that version. Returns false when they have changed since. */
  replacePublic(text: string, version: string): Promise<boolean>;
}

/** Largest number of tries. Other runs can change the keys at the same time. */
const MAX_TRIES = 10;

/**
 * Makes private keys if there are none, and adds every public half that is missing. Several runs at
 * the same time end with the same keys.
 *
 * @throws {ConfigError} when keys exist that cannot be used
 */
export async function ensureKeys(
  store: KeyStore,
): Promise<{ readonly privateKeys: Outcome; readonly publicKeys: Outcome | "completed" }> {
  const { text, outcome } = await ensureSecretFile(store.privateKeys, makePrivateKey);
  const keys = parsePrivateKeys(text);
  return { privateKeys: outcome, publicKeys: await ensurePublic(store, keys) };
}

async function ensurePublic(store: KeyStore, keys: SigningKeys): Promise<Outcome | "completed"> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const stored = await store.readPublic();
    if (stored === undefined) {
      if (await store.createPublic(publicHalves(keys))) return "made";
      continue;
    }
    const present = parsePublicKeys(stored.text);
    const missing = keys.filter(({ id }) => !present.has(id));
    if (missing.length === 0) return "kept";
    const text = `${stored.text.trim()}\n${publicHalves(missing)}`;
    parsePublicKeys(text);
    if (await store.replacePublic(text, stored.version)) return "completed";
  }
  throw new ConfigError("Worker token keys: the public keys change again and again");
}
