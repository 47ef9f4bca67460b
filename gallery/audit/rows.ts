/** The rows of the audit in the database. */

import { listRows, type Row, type SqlValue, type Transaction } from "../store/database.ts";
import type { UserKey } from "../store/store.ts";
import { userName } from "../store/users.ts";
import type { AuditEvent } from "./event.ts";
import { type AuditKeys, codeOf } from "./seal.ts";

/** The last row of a chain. */
export interface Head {
  readonly chain: string;
  /** Number of the row; 0 for a chain without rows. */
  readonly seq: number;
  readonly code: Uint8Array;
}

/** The columns that a code protects, in its order. */
export const PROTECTED = [
  "chain",
  "seq",
  "created_at",
  "collection",
  "kind",
  "outcome",
  "key_id",
  "request_id",
  "user_ref",
] as const;
const COLUMNS = [...PROTECTED, "code"];
/** SQLite and PostgreSQL accept more parameters. */
const ROWS_PER_STATEMENT = 1000;

/**
 * Appends events to a chain, and returns its new head.
 *
 * @param refs References of the users of the events, by {@linkcode userName}
 * @param now Milliseconds since 1970
 */
export async function insertEvents(
  transaction: Transaction,
  keys: AuditKeys,
  head: Head,
  events: readonly AuditEvent[],
  refs: ReadonlyMap<string, string>,
  now: number,
): Promise<Head> {
  let { seq, code } = head;
  const rows = events.map(({ collection, kind, outcome, key, requestId, userId }) => {
    seq++;
    const ref = userId === undefined ? undefined : refs.get(userName({ collection, userId }));
    const row: SqlValue[] = [head.chain, seq, now, collection, kind, outcome];
    row.push(key ?? null, requestId ?? null, ref ?? null);
    code = codeOf(keys.rows, code, row.map((value) => value === null ? null : String(value)));
    return [...row, code];
  });
  for (let i = 0; i < rows.length; i += ROWS_PER_STATEMENT) {
    const part = rows.slice(i, i + ROWS_PER_STATEMENT);
    await transaction.query(
      `INSERT INTO gallery_audit (${COLUMNS.join(", ")}) VALUES ${
        listRows(part.length, COLUMNS.length)
      }`,
      ...part.flat(),
    );
  }
  return { chain: head.chain, seq, code };
}

/** A list of one user takes PostgreSQL longer. */
const ONE_USER = "collection = $1 AND user_id = $2";

/**
 * Returns the random references of users. A user that does not exist, or has expired, has none.
 *
 * @param now Milliseconds since 1970
 */
export async function readUserRefs(
  transaction: Transaction,
  users: readonly UserKey[],
  now: number,
): Promise<ReadonlyMap<string, string>> {
  const refs = new Map<string, string>();
  for (let i = 0; i < users.length; i += ROWS_PER_STATEMENT) {
    const part = users.slice(i, i + ROWS_PER_STATEMENT);
    const list = listRows(part.length, 2);
    const rows = await transaction.query(
      `SELECT collection, user_id, audit_ref FROM gallery_users
        WHERE ${part.length === 1 ? ONE_USER : `(collection, user_id) IN (VALUES ${list})`}
          AND audit_ref IS NOT NULL AND (expires_at IS NULL OR expires_at > $${
        2 * part.length + 1
      })`,
      ...part.flatMap(({ collection, userId }) => [collection, userId]),
      now,
    );
    for (const row of rows) {
      const user = { collection: row["collection"] as string, userId: row["user_id"] as string };
      refs.set(userName(user), row["audit_ref"] as string);
    }
  }
  return refs;
}

/** Returns every chain that has rows. Reads one row of each. */
export const CHAINS = `WITH RECURSIVE chains (chain) AS (
    SELECT min(chain) FROM gallery_audit
    UNION ALL
    SELECT (SELECT min(a.chain) FROM gallery_audit a WHERE a.chain > chains.chain)
      FROM chains WHERE chains.chain IS NOT NULL)
  SELECT chain FROM chains WHERE chain IS NOT NULL`;

/** Returns the heads of all chains that have rows. */
export async function readHeads(transaction: Transaction): Promise<Head[]> {
  const rows = await transaction.query(
    `SELECT a.chain, a.seq, a.code FROM (SELECT h.chain,
        (SELECT max(seq) FROM gallery_audit a WHERE a.chain = h.chain) AS seq
      FROM (${CHAINS}) h) h JOIN gallery_audit a ON a.chain = h.chain AND a.seq = h.seq`,
  );
  return rows.map(readHead);
}

const readHead = (row: Row): Head => ({
  chain: row["chain"] as string,
  seq: row["seq"] as number,
  code: row["code"] as Uint8Array,
});
