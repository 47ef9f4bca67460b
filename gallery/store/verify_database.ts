/** Checks everything that a store has, without changing it. */

import { isUserText } from "../../shared/contract/user_text.ts";
import { MAX_EMBEDDING_BYTES } from "../../shared/contract/gallery_call.ts";
import type { Database, Row, Transaction } from "./database.ts";
import { unsealPhotoKey } from "./key_check.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { StoreDamaged } from "./store.ts";
import { unsealTemplate } from "./template_cipher.ts";
import type { TemplateKeys } from "../../shared/template_keys.ts";
import { hashPhoto } from "./user_changes.ts";

/** Numbers of the rows that were checked. */
export interface VerifiedStore {
  readonly users: number;
  readonly templates: number;
  /** A sentence without a period for each fault. It names the row and quotes no embedding. */
  readonly faults: readonly string[];
}

/** Rows that one transaction reads. */
const ROWS_PER_READ = 500;
/** After this number of faults, the others say nothing new. */
const MAX_FAULTS = 100;
/** Difference from the length 1 that the rounding to 32 bits can make. */
const NORM_TOLERANCE = 1e-3;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Checks the tables' version, the key check, every user and template, and the sequence of changes.
 * Other processes may change a PostgreSQL database meanwhile.
 *
 * @param onTemplate Called after each template
 * @throws {StoreUnavailable} when the database fails. A damaged SQLite file can do that
 */
export async function verifyDatabase(
  database: Database,
  keys: TemplateKeys,
  onTemplate: () => void = () => {},
): Promise<VerifiedStore> {
  const faults: string[] = [];
  const add = (fault: string) => {
    if (faults.length < MAX_FAULTS) faults.push(fault);
  };
  const version = await database.transaction(readVersion);
  if (version !== SCHEMA_VERSION) {
    add(`The tables have version ${version} instead of ${SCHEMA_VERSION}`);
    return { users: 0, templates: 0, faults };
  }
  if (database.dialect === "sqlite") {
    for (const fault of await database.transaction(checkFile)) add(fault);
  }
  for (const fault of await database.transaction(checkChanges)) add(fault);

  const keyRows = await database.transaction((transaction) =>
    transaction.query("SELECT key_id, nonce, ciphertext FROM gallery_keys")
  );
  const photoKey = unsealPhotoKey(keyRows, keys);
  if (photoKey === undefined) add("No template key fits the database");
  const keyIds = new Set(keyRows.map((row) => row["key_id"]));
  const checkTemplate = createTemplateCheck(keys, photoKey, keyIds);

  let users = 0, templates = 0;
  for await (const row of readRows(database, USERS, ["", ""], ["collection", "user_id"])) {
    users++;
    for (const fault of checkUser(row)) add(fault);
  }
  for await (const row of readRows(database, TEMPLATES, [0], ["seq"])) {
    templates++;
    for (const fault of checkTemplate(row)) add(fault);
    onTemplate();
  }
  return { users, templates, faults };
}

const USERS = `SELECT collection, user_id, name, consent_ref, created_at, updated_at, expires_at,
    last_seen_at FROM gallery_users
  WHERE (collection, user_id) > ($1, $2) ORDER BY collection, user_id LIMIT $3`;

const TEMPLATES = `SELECT t.seq, t.template_id, t.collection, t.user_id, t.model, t.photo, t.key_id,
    t.nonce, t.ciphertext, u.name FROM gallery_templates t LEFT JOIN gallery_users u
    ON u.collection = t.collection AND u.user_id = t.user_id
  WHERE t.seq > $1 ORDER BY t.seq LIMIT $2`;

/** Reads rows in the order of some columns, which a statement compares with the last row read. */
async function* readRows(
  database: Database,
  statement: string,
  first: readonly (string | number)[],
  columns: readonly string[],
): AsyncGenerator<Row> {
  let after = first;
  for (;;) {
    const rows = await database.transaction((transaction) =>
      transaction.query(statement, ...after, ROWS_PER_READ)
    );
    yield* rows;
    if (rows.length < ROWS_PER_READ) return;
    after = columns.map((column) => rows.at(-1)![column] as string | number);
  }
}

async function readVersion(transaction: Transaction): Promise<number> {
  const [row] = await transaction.query("SELECT version FROM gallery_schema");
  return Number(row?.["version"] ?? 0);
}

/** SQLite's own checks: pages, indexes, and references between tables. */
async function checkFile(transaction: Transaction): Promise<string[]> {
  const pages = await transaction.query("PRAGMA integrity_check(10)");
  const references = await transaction.query("PRAGMA foreign_key_check");
  return [
    ...pages.map((row) => String(row["integrity_check"])).filter((text) => text !== "ok")
      .map((text) => `The file is damaged: ${text}`),
    ...references.map((row) => `A row of ${row["table"]} belongs to no user`),
  ];
}

/** The numbers of changes have no gaps, and the newest one is the one that is named. */
async function checkChanges(transaction: Transaction): Promise<string[]> {
  const [row] = await transaction.query(
    `SELECT (SELECT n FROM gallery_change_number) AS n,
      (SELECT change_id FROM gallery_change_number) AS id,
      (SELECT max(n) FROM gallery_changes) AS newest,
      (SELECT min(n) FROM gallery_changes) AS oldest,
      (SELECT count(*) FROM gallery_changes) AS count,
      (SELECT change_id FROM gallery_changes ORDER BY n DESC LIMIT 1) AS newest_id`,
  );
  const { n, id, newest, oldest, count, newest_id: newestId } = row!;
  const faults: string[] = [];
  if (n === null || n !== newest || id !== newestId) {
    faults.push(`The newest change is ${newest} instead of ${n}`);
  }
  if (Number(count) !== Number(newest) - Number(oldest) + 1) {
    faults.push(`There are ${count} changes from ${oldest} to ${newest}`);
  }
  return faults;
}

function checkUser(row: Row): string[] {
  const label = `The user ${JSON.stringify(row["user_id"])} in collection ${
    JSON.stringify(row["collection"])
  }`;
  const texts = ["collection", "user_id", "name", "consent_ref"].filter((column) => {
    const text = row[column];
    return !(typeof text === "string" && isUserText(text) || column === "consent_ref" && !text);
  });
  const times = ["created_at", "updated_at", "expires_at", "last_seen_at"].filter((column) => {
    const time = row[column];
    return !(Number.isSafeInteger(time) || /^(expires|last)/.test(column) && time === null);
  });
  return [...texts, ...times].map((column) => `${label} has a bad ${column}`);
}

/** Makes the check of a template. It remembers the length of the embeddings of each model. */
function createTemplateCheck(
  keys: TemplateKeys,
  photoKey: Uint8Array | undefined,
  keyIds: ReadonlySet<unknown>,
): (row: Row) => string[] {
  const dimensions = new Map<string, number>();
  return (row) => {
    const name = {
      templateId: row["template_id"] as string,
      collection: row["collection"] as string,
      userId: row["user_id"] as string,
      model: row["model"] as string,
    };
    const keyId = row["key_id"] as string;
    const label = `The template ${name.templateId} of user ${JSON.stringify(name.userId)} in ` +
      `collection ${JSON.stringify(name.collection)}`;
    const faults: string[] = [];
    if (row["name"] === null) faults.push(`${label} belongs to no user`);
    if (!SHA256.test(name.model)) faults.push(`${label} has a bad model`);
    if (!keyIds.has(keyId)) faults.push(`${label} has the key ${keyId}, which was forgotten`);
    let opened;
    try {
      opened = unsealTemplate(keys, name, {
        keyId,
        nonce: row["nonce"] as Uint8Array,
        ciphertext: row["ciphertext"] as Uint8Array,
      });
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
      return [...faults, error.message];
    }
    const { photo, embedding } = opened;
    if (photoKey && !isEqual(hashPhoto(photoKey, photo), row["photo"] as Uint8Array)) {
      faults.push(`${label} has another photo than its row names`);
    }
    const dimension = dimensions.get(name.model) ?? embedding.length;
    dimensions.set(name.model, dimension);
    if (embedding.length === 0 || 4 * embedding.length > MAX_EMBEDDING_BYTES) {
      faults.push(`${label} has an embedding of ${embedding.length} numbers`);
    } else if (embedding.length !== dimension) {
      faults.push(`${label} has ${embedding.length} numbers, others of its model ${dimension}`);
    }
    if (!(Math.abs(norm(embedding) - 1) < NORM_TOLERANCE)) {
      faults.push(`${label} is not L2-normalised`);
    }
    return faults;
  };
}

const norm = (embedding: Float32Array): number =>
  Math.sqrt(embedding.reduce((sum, value) => sum + value * value, 0));

const isEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
