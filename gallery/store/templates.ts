/** The statements on templates. */

import { canonicalModel, filesOfModel } from "../../models/known_models.ts";
import { listRows, type Row, type SqlValue, type Transaction } from "./database.ts";
import type { IndexedTemplate, IndexedUser, StoredTemplate, UserKey } from "./store.ts";
import { type RowName, type Sealed, unsealTemplate } from "./template_cipher.ts";
import type { TemplateKeys } from "../../shared/template_keys.ts";
import { readFields } from "./users.ts";

/** Returns a user's templates, in the order in which they were added. */
export async function listTemplateRows(
  transaction: Transaction,
  { collection, userId }: UserKey,
): Promise<StoredTemplate[]> {
  const rows = await transaction.query(
    `SELECT template_id, model, created_at FROM gallery_templates
      WHERE collection = $1 AND user_id = $2 ORDER BY seq`,
    collection,
    userId,
  );
  return rows.map(readTemplate);
}

/**
 * Returns the template that a user has of a photo and a model, by the photo's keyed hash. The template
 * can be named after another file with the same model.
 */
export async function findPhoto(
  transaction: Transaction,
  { collection, userId, model, photo }: Pick<TemplateRow, keyof UserKey | "model" | "photo">,
): Promise<StoredTemplate | undefined> {
  const models = filesOfModel(model);
  const [row] = await transaction.query(
    `SELECT template_id, model, created_at FROM gallery_templates
      WHERE collection = $1 AND user_id = $2 AND photo = $3
        AND model IN ${listRows(1, models.length, 4)} ORDER BY seq LIMIT 1`,
    collection,
    userId,
    photo,
    ...models,
  );
  return row && readTemplate(row);
}

/** Leaves out the templates of a user that {@linkcode findPhoto} would find. */
export async function leaveOutKnown(
  transaction: Transaction,
  { collection, userId }: UserKey,
  rows: readonly TemplateRow[],
): Promise<TemplateRow[]> {
  const idOf = (model: string, photo: Uint8Array) => `${canonicalModel(model)} ${photo.toHex()}`;
  const stored = await transaction.query(
    "SELECT model, photo FROM gallery_templates WHERE collection = $1 AND user_id = $2",
    collection,
    userId,
  );
  const known = new Set(
    stored.map((row) => idOf(row["model"] as string, row["photo"] as Uint8Array)),
  );
  return rows.filter(({ model, photo }) => !known.has(idOf(model, photo)));
}

/** A template that is ready to be inserted. */
export interface TemplateRow extends RowName {
  /** Keyed hash of the photo's digest. */
  readonly photo: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly sealed: Sealed;
}

/** Databases limit the number of parameters of a statement. */
const ROWS_PER_INSERT = 100;

/**
 * Inserts templates, except for those whose photo the user has already.
 *
 * @returns Number of templates that were inserted
 */
export async function insertTemplates(
  transaction: Transaction,
  rows: readonly TemplateRow[],
): Promise<number> {
  let inserted = 0;
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    const part = rows.slice(start, start + ROWS_PER_INSERT);
    const added = await transaction.query(
      `INSERT INTO gallery_templates
        (template_id, collection, user_id, model, photo, created_at, key_id, nonce, ciphertext)
        VALUES ${listRows(part.length, 9)}
        ON CONFLICT (collection, user_id, model, photo) DO NOTHING RETURNING template_id`,
      ...part.flatMap(({ sealed, ...row }) => [
        ...[row.templateId, row.collection, row.userId, row.model, row.photo, row.createdAt],
        ...[sealed.keyId, sealed.nonce, sealed.ciphertext],
      ]),
    );
    inserted += added.length;
  }
  return inserted;
}

/** Deletes a template of a user, and returns true when there was one. */
export async function removeTemplate(
  transaction: Transaction,
  { collection, userId }: UserKey,
  templateId: string,
): Promise<boolean> {
  const rows = await transaction.query(
    `DELETE FROM gallery_templates
      WHERE collection = $1 AND user_id = $2 AND template_id = $3 RETURNING template_id`,
    collection,
    userId,
    templateId,
  );
  if (rows.length > 0) transaction.erases();
  return rows.length > 0;
}

/** Returns encrypted templates of other keys than the given one. */
export async function findOlderKeys(
  transaction: Transaction,
  keyId: string,
  limit: number,
): Promise<(RowName & Sealed)[]> {
  const rows = await transaction.query(
    `SELECT collection, user_id, template_id, model, key_id, nonce, ciphertext
      FROM gallery_templates WHERE key_id < $1 OR key_id > $1 LIMIT $2`,
    keyId,
    limit,
  );
  return rows.map((row) => ({ ...readName(row), ...readSealed(row) }));
}

/** Replaces what is encrypted in a row, unless the row has changed since it was read. */
export async function replaceSealed(
  transaction: Transaction,
  { templateId, nonce }: Pick<RowName & Sealed, "templateId" | "nonce">,
  sealed: Sealed,
): Promise<void> {
  await transaction.query(
    `UPDATE gallery_templates SET key_id = $1, nonce = $2, ciphertext = $3
      WHERE template_id = $4 AND nonce = $5`,
    sealed.keyId,
    sealed.nonce,
    sealed.ciphertext,
    templateId,
    nonce,
  );
  transaction.erases();
}

/**
 * Reads users with their templates, in the order of collection and user_id.
 *
 * @param source SQL that selects rows of `gallery_users`
 * @param parameters Parameters of that SQL
 * @throws {StoreDamaged} when a template cannot be decrypted
 */
export async function readIndexedUsers(
  transaction: Transaction,
  keys: TemplateKeys,
  source: string,
  ...parameters: readonly SqlValue[]
): Promise<IndexedUser[]> {
  const rows = await transaction.query(
    `SELECT u.collection, u.user_id, u.name, u.consent_ref, u.expires_at,
        t.template_id, t.model, t.key_id, t.nonce, t.ciphertext
      FROM (${source}) u LEFT JOIN gallery_templates t
        ON t.collection = u.collection AND t.user_id = u.user_id
      ORDER BY u.collection, u.user_id, t.seq`,
    ...parameters,
  );
  const users: (IndexedUser & { readonly templates: IndexedTemplate[] })[] = [];
  for (const row of rows) {
    const collection = row["collection"] as string, userId = row["user_id"] as string;
    let user = users.at(-1);
    if (user?.collection !== collection || user.userId !== userId) {
      user = { collection, userId, ...readFields(row), templates: [] };
      users.push(user);
    }
    if (row["template_id"] === null) continue;
    const name = readName(row);
    const { photo, embedding } = unsealTemplate(keys, name, readSealed(row));
    user.templates.push({ templateId: name.templateId, model: name.model, embedding, photo });
  }
  return users;
}

function readTemplate(row: Row): StoredTemplate {
  return {
    templateId: row["template_id"] as string,
    model: row["model"] as string,
    createdAt: row["created_at"] as number,
  };
}

function readName(row: Row): RowName {
  return {
    collection: row["collection"] as string,
    userId: row["user_id"] as string,
    templateId: row["template_id"] as string,
    model: row["model"] as string,
  };
}

function readSealed(row: Row): Sealed {
  return {
    keyId: row["key_id"] as string,
    nonce: row["nonce"] as Uint8Array,
    ciphertext: row["ciphertext"] as Uint8Array,
  };
}
