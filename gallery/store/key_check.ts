/**
 * Checks that the template keys fit the database. The table `gallery_keys` has, for each key, one
 * secret that the key has encrypted: the key of the digests of photos. So a wrong key is found before
 * a template is read, and photos can be compared although the template keys change.
 */

import { randomBytes } from "node:crypto";
import { ConfigError } from "../../shared/env.ts";
import type { Row, Transaction } from "./database.ts";
import { seal, unseal } from "./template_cipher.ts";
import type { TemplateKey, TemplateKeys } from "../../shared/template_keys.ts";

/**
 * Texts that the secret is bound to. A template is bound to four texts, so no template can take the
 * secret's place.
 */
const NAME = ["photo key"];

/**
 * Reads the secret with one of the keys, and stores it for the first key. Makes it in a new database.
 * Needs an exclusive transaction.
 *
 * @returns The key of the digests of photos
 * @throws {ConfigError} when no key fits, or when templates have a key that is missing
 */
export async function openPhotoKey(
  transaction: Transaction,
  keys: TemplateKeys,
): Promise<Uint8Array> {
  const rows = await transaction.query("SELECT key_id, nonce, ciphertext FROM gallery_keys");
  const stored = new Map(rows.map((row) => [row["key_id"] as string, row]));
  if (stored.size === 0) {
    const photoKey = new Uint8Array(randomBytes(32));
    await insert(transaction, keys[0], photoKey);
    return photoKey;
  }
  const photoKey = unsealPhotoKey(rows, keys);
  if (photoKey === undefined) {
    throw new ConfigError(
      `Template keys: none of them fits the gallery's database. It needs the key ${
        [...stored.keys()].join(" or ")
      }`,
    );
  }
  await refuseMissingKeys(transaction, keys);
  if (!stored.has(keys[0].id)) await insert(transaction, keys[0], photoKey);
  return photoKey;
}

/**
 * Decrypts the secret.
 *
 * @param rows Rows of `gallery_keys`
 * @returns undefined when no key fits a row
 */
export function unsealPhotoKey(rows: readonly Row[], keys: TemplateKeys): Uint8Array | undefined {
  for (const key of keys) {
    const row = rows.find((row) => row["key_id"] === key.id);
    if (row === undefined) continue;
    const photoKey = unseal(key, NAME, {
      nonce: row["nonce"] as Uint8Array,
      ciphertext: row["ciphertext"] as Uint8Array,
    });
    if (photoKey !== undefined) return photoKey;
  }
  return undefined;
}

/** Deletes the secrets of keys that no template has any more. Needs an exclusive transaction. */
export async function forgetOlderKeys(
  transaction: Transaction,
  [first]: TemplateKeys,
): Promise<void> {
  await transaction.query(
    `DELETE FROM gallery_keys WHERE key_id <> $1
      AND key_id NOT IN (SELECT key_id FROM gallery_templates)`,
    first.id,
  );
}

async function refuseMissingKeys(transaction: Transaction, keys: TemplateKeys): Promise<void> {
  const rows = await transaction.query(
    "SELECT key_id, count(*) AS templates FROM gallery_templates GROUP BY key_id",
  );
  for (const { key_id, templates } of rows) {
    if (keys.some(({ id }) => id === key_id)) continue;
    throw new ConfigError(
      `Template keys: the key ${key_id}, which has encrypted ${templates} templates, is missing`,
    );
  }
}

async function insert(transaction: Transaction, key: TemplateKey, secret: Uint8Array) {
  const { keyId, nonce, ciphertext } = seal(key, NAME, secret);
  await transaction.query(
    "INSERT INTO gallery_keys (key_id, nonce, ciphertext) VALUES ($1, $2, $3)",
    keyId,
    nonce,
    ciphertext,
  );
}
