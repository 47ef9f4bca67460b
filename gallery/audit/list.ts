/** Lists the events of a collection, the newest first. */

import type { Row, SqlValue, Transaction } from "../store/database.ts";
import { BadCursor, type Page } from "../store/store.ts";
import type { AuditQuery, StoredEvent } from "./event.ts";
import { readUserRefs } from "./rows.ts";
import { userName } from "../store/users.ts";

/**
 * Rows that one page looks at. With a filter that few rows fit, a page is shorter than its limit
 * although there are more. SQLite answers nobody else meanwhile.
 */
export const ROWS_PER_PAGE = 5000;

const PREFIX = "audit 1 ";
/** The place of a row: its time, its chain and its number. */
type Place = readonly [at: number, chain: string, seq: number];
const CHAIN = /^[0-9a-f]{16}$/;
const NEWEST: Place = [Number.MAX_SAFE_INTEGER, "", 0];

/**
 * Returns a page of events.
 *
 * @param now Milliseconds since 1970
 * @throws {BadCursor} when the cursor is not one of a list of events
 */
export async function listEvents(
  transaction: Transaction,
  collection: string,
  { limit, cursor, userId, kind, key, from, to }: AuditQuery,
  now: number,
): Promise<Page<StoredEvent>> {
  const ends = [NEWEST];
  if (cursor !== undefined) ends.push(decodePlace(cursor));
  if (to !== undefined) ends.push([to, "", 0]);
  const end = ends.toSorted(compare)[0]!;
  const parameters: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${parameters.push(value)}`;
  const where = [
    `collection = ${parameter(collection)}`,
    `(created_at, chain, seq) < (${end.map(parameter).join(", ")})`,
  ];
  if (from !== undefined) where.push(`created_at >= ${parameter(from)}`);
  if (userId !== undefined) {
    const user = { collection, userId };
    const ref = (await readUserRefs(transaction, [user], now)).get(userName(user));
    if (ref === undefined) return { items: [] };
    where.push(`user_ref = ${parameter(ref)}`);
  }
  const looksAt = Math.max(ROWS_PER_PAGE, limit + 1);
  const fits = [
    ...kind === undefined ? [] : [`a.kind = ${parameter(kind)}`],
    ...key === undefined ? [] : [`a.key_id = ${parameter(key)}`],
  ];
  const order = "ORDER BY created_at DESC, chain DESC, seq DESC";
  const seen = `SELECT * FROM gallery_audit WHERE ${where.join(" AND ")} ${order} LIMIT ${looksAt}`;
  const rows = await transaction.query(
    `SELECT a.*, u.user_id FROM (${seen}) a
      LEFT JOIN gallery_users u ON u.audit_ref = a.user_ref AND u.collection = a.collection
        AND (u.expires_at IS NULL OR u.expires_at > ${parameter(now)})
      ${fits.length > 0 ? `WHERE ${fits.join(" AND ")}` : ""}
      ORDER BY a.created_at DESC, a.chain DESC, a.seq DESC LIMIT ${limit + 1}`,
    ...parameters,
  );
  const items = rows.slice(0, limit).map(readEvent);
  if (rows.length > limit) return { items, next: encodePlace(placeOf(rows[limit - 1]!)) };
  if (fits.length === 0) return { items };
  // All rows that this page has looked at are done. The next page begins after the last of them.
  const [last] = await transaction.query(
    `SELECT created_at, chain, seq FROM (${seen}) a
      ORDER BY created_at DESC, chain DESC, seq DESC LIMIT 1 OFFSET ${looksAt - 1}`,
    ...parameters.slice(0, parameters.length - fits.length - 1),
  );
  return last === undefined ? { items } : { items, next: encodePlace(placeOf(last)) };
}

function readEvent(row: Row): StoredEvent {
  const optional = (name: string) => (row[name] ?? undefined) as string | undefined;
  return {
    at: row["created_at"] as number,
    chain: row["chain"] as string,
    seq: row["seq"] as number,
    collection: row["collection"] as string,
    kind: row["kind"] as string,
    outcome: row["outcome"] as string,
    key: optional("key_id"),
    requestId: optional("request_id"),
    userId: optional("user_id"),
  };
}

const placeOf = (row: Row): Place => [
  row["created_at"] as number,
  row["chain"] as string,
  row["seq"] as number,
];

const compare = (a: Place, b: Place): number =>
  a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0) || a[2] - b[2];

/** Makes the cursor of the page after a row. */
function encodePlace(place: Place): string {
  const bytes = new TextEncoder().encode(PREFIX + place.join(" "));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** @throws {BadCursor} when {@linkcode encodePlace} does not make such a cursor */
function decodePlace(cursor: string): Place {
  let text = "";
  try {
    text = new TextDecoder().decode(Uint8Array.fromBase64(cursor, { alphabet: "base64url" }));
  } catch {
    // The checks below refuse it.
  }
  const [at, chain = "", seq] = text.slice(PREFIX.length).split(" ");
  const place: Place = [Number(at), chain, Number(seq)];
  // Clients can make cursors, too. No text that a database refuses may reach it.
  if (
    !text.startsWith(PREFIX) || !CHAIN.test(chain) || !Number.isSafeInteger(place[0]) ||
    !Number.isSafeInteger(place[2]) || encodePlace(place) !== cursor
  ) {
    throw new BadCursor("The cursor is not one of a list of events");
  }
  return place;
}
