/** The statements on users. */

import type { Row, Transaction } from "./database.ts";
import type { StoredUser, UserFields, UserKey } from "./store.ts";

const TEMPLATES = `(SELECT count(*) FROM gallery_templates t
  WHERE t.collection = u.collection AND t.user_id = u.user_id) AS templates`;
const COLUMNS = `collection, user_id, name, consent_ref, created_at, updated_at, expires_at,
  last_seen_at, ${TEMPLATES}`;

/** Returns a user, also one that has expired. */
export async function findUser(
  transaction: Transaction,
  { collection, userId }: UserKey,
): Promise<StoredUser | undefined> {
  const [row] = await transaction.query(
    `SELECT ${COLUMNS} FROM gallery_users u WHERE collection = $1 AND user_id = $2`,
    collection,
    userId,
  );
  return row && readUser(row);
}

/** True when a user does not exist any more although its row does. */
export const hasExpired = ({ expiresAt }: UserFields, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now;

/** Returns the users after `after` that have not expired. */
export async function listUserRows(
  transaction: Transaction,
  collection: string,
  page: { readonly after: string; readonly limit: number; readonly now: number },
): Promise<StoredUser[]> {
  const rows = await transaction.query(
    `SELECT ${COLUMNS} FROM gallery_users u
      WHERE collection = $1 AND user_id > $2 AND (expires_at IS NULL OR expires_at > $3)
      ORDER BY user_id LIMIT $4`,
    collection,
    page.after,
    page.now,
    page.limit,
  );
  return rows.map(readUser);
}

/** Inserts a user, or replaces its fields. */
export async function writeUser(transaction: Transaction, user: StoredUser): Promise<void> {
  await transaction.query(
    `INSERT INTO gallery_users
      (collection, user_id, name, consent_ref, expires_at, created_at, updated_at, audit_ref)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (collection, user_id) DO UPDATE SET
        name = excluded.name, consent_ref = excluded.consent_ref,
        expires_at = excluded.expires_at, updated_at = excluded.updated_at`,
    user.collection,
    user.userId,
    user.name,
    user.consentRef ?? null,
    user.expiresAt ?? null,
    user.createdAt,
    user.updatedAt,
    // Names the user in the audit, and is deleted with the user.
    crypto.randomUUID().replaceAll("-", ""),
  );
}

/** Deletes a user with all templates, and returns true when there was one. */
export async function removeUser(
  transaction: Transaction,
  { collection, userId }: UserKey,
): Promise<boolean> {
  const rows = await transaction.query(
    "DELETE FROM gallery_users WHERE collection = $1 AND user_id = $2 RETURNING user_id",
    collection,
    userId,
  );
  if (rows.length > 0) transaction.erases();
  return rows.length > 0;
}

/** Limits on what one call of {@linkcode removeExpired} deletes. */
export interface RemovalLimits {
  readonly users: number;
  /** A first user with more templates is deleted nevertheless. */
  readonly templates: number;
}

/**
 * Deletes users that have expired, with all templates, and returns them. Needs an exclusive
 * transaction: no user changes between the two statements.
 */
export async function removeExpired(
  transaction: Transaction,
  now: number,
  limits: RemovalLimits,
): Promise<(UserKey & { readonly createdAt: number })[]> {
  const rows = await transaction.query(
    `SELECT collection, user_id, created_at, ${TEMPLATES} FROM gallery_users u
      WHERE expires_at <= $1 ORDER BY collection, user_id LIMIT $2`,
    now,
    limits.users,
  );
  let templates = 0;
  const tooMany = rows.findIndex((row, i) => {
    templates += row["templates"] as number;
    return i > 0 && templates > limits.templates;
  });
  const users = rows.slice(0, tooMany < 0 ? rows.length : tooMany).map((row) => ({
    collection: row["collection"] as string,
    userId: row["user_id"] as string,
    createdAt: row["created_at"] as number,
  }));
  const last = users.at(-1);
  if (last === undefined) return [];
  await transaction.query(
    "DELETE FROM gallery_users WHERE expires_at <= $1 AND (collection, user_id) <= ($2, $3)",
    now,
    last.collection,
    last.userId,
  );
  transaction.erases();
  return users;
}

/** Reads the fields of a user from the columns of its row. */
export function readFields(row: Row): UserFields {
  return {
    name: row["name"] as string,
    ...(row["consent_ref"] === null ? {} : { consentRef: row["consent_ref"] as string }),
    ...(row["expires_at"] === null ? {} : { expiresAt: row["expires_at"] as number }),
  };
}

function readUser(row: Row): StoredUser {
  return {
    collection: row["collection"] as string,
    userId: row["user_id"] as string,
    ...readFields(row),
    createdAt: row["created_at"] as number,
    updatedAt: row["updated_at"] as number,
    ...(row["last_seen_at"] === null ? {} : { lastSeenAt: row["last_seen_at"] as number }),
    templates: row["templates"] as number,
  };
}

/** Returns the name of a user in a map. */
export const userName = ({ collection, userId }: UserKey): string =>
  JSON.stringify([collection, userId]);
