/**
 * Makes the first API keys: one for the admin, and one for `helm test`. Keys that exist are never
 * replaced.
 */

import { ConfigError } from "../../shared/env.ts";
import { isSameHash, makeApiKey, parseApiKey } from "../callers/api_keys/api_key.ts";
import { type ApiKeys, type KeyEntryText, parseKeysFile } from "../callers/api_keys/keys_file.ts";
import { DEFAULT_COLLECTION, type Scope } from "../callers/scopes.ts";
import { ensureSecretFile, type Outcome, type SecretFile } from "./secret_file.ts";

/** Name of the file with the hashes of all keys, as the chart mounts it. */
export const API_KEYS_FILE = "keys.json";
/** Name of the file with one key in clear. */
export const KEY_FILE = "key";

/** The Secrets of the keys. */
export interface ApiKeySecrets {
  /** The keys file of the api: the hashes of all keys. */
  readonly apiKeys: SecretFile;
  /** The admin's key in clear. */
  readonly adminKey: SecretFile;
  /** The key of `helm test` in clear. */
  readonly testKey: SecretFile;
}

/**
 * Result for the Secret of a key. `missing`: there is none, and none is made, because the keys file
 * exists. `not_listed`: it has no key that the keys file lists.
 */
export type KeyOutcome = Outcome | "missing" | "not_listed";

/** Results of {@linkcode ensureApiKeys}. */
export interface ApiKeysOutcome {
  readonly apiKeys: Outcome;
  readonly adminKey: KeyOutcome;
  readonly testKey: KeyOutcome;
}

/** The rights of a key. No scope contains another one; enrolling needs `enrol` or `admin`. */
interface Rights {
  readonly name: string;
  readonly scopes: Scope[];
}

const ADMIN: Rights = { name: "admin", scopes: ["authenticate", "enrol", "admin"] };
const TEST: Rights = { name: "helm test", scopes: ["authenticate"] };

/**
 * Makes the keys if there is no keys file. First each key gets a Secret, and then the keys file gets
 * the hashes of both. So a run that goes on after another one, or beside it, finds the same keys. When
 * the keys file exists, nothing is made: an operator may have deleted a key on purpose.
 *
 * @throws {ConfigError} when there is a Secret that cannot be used
 */
export async function ensureApiKeys(
  { apiKeys, adminKey, testKey }: ApiKeySecrets,
): Promise<ApiKeysOutcome> {
  let adminOutcome: KeyOutcome = "kept", testOutcome: KeyOutcome = "kept";
  const { text, outcome } = await ensureSecretFile(apiKeys, async () => {
    const admin = await ensureKey(adminKey, ADMIN);
    const test = await ensureKey(testKey, TEST);
    [adminOutcome, testOutcome] = [admin.outcome, test.outcome];
    const file = `${JSON.stringify({ keys: [admin.entry, test.entry] }, null, 2)}\n`;
    readKeys(apiKeys, file);
    return file;
  });
  if (outcome === "made") {
    return { apiKeys: outcome, adminKey: adminOutcome, testKey: testOutcome };
  }
  const keys = readKeys(apiKeys, text);
  return {
    apiKeys: outcome,
    adminKey: await lookFor(adminKey, keys),
    testKey: await lookFor(testKey, keys),
  };
}

async function ensureKey(
  secret: SecretFile,
  { name, scopes }: Rights,
): Promise<{ readonly outcome: Outcome; readonly entry: KeyEntryText }> {
  const { text, outcome } = await ensureSecretFile(secret, () => makeApiKey().text);
  const key = parseApiKey(text.trim());
  if (key === undefined) {
    throw new ConfigError(`The Secret ${secret.name} cannot be used: it has no API key`);
  }
  const { id, hash } = key;
  return {
    outcome,
    entry: { id, name, sha256: hash.toHex(), scopes, collection: DEFAULT_COLLECTION },
  };
}

async function lookFor(secret: SecretFile, keys: ApiKeys): Promise<KeyOutcome> {
  const text = await secret.read();
  if (text === undefined) return "missing";
  const key = parseApiKey(text.trim());
  const entry = key && keys.get(key.id);
  return key && entry && isSameHash(key.hash, entry.sha256) ? "kept" : "not_listed";
}

function readKeys({ name }: SecretFile, text: string): ApiKeys {
  try {
    return parseKeysFile(text);
  } catch (cause) {
    throw new ConfigError(`The Secret ${name} cannot be used`, { cause });
  }
}
