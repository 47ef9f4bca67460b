/**
 * Rows and notes as they are stored. Somebody may have changed them: a column may have a value of any
 * type, and a number may be larger than JavaScript's numbers.
 */

import type { Row, Transaction } from "../store/database.ts";
import { PROTECTED } from "./rows.ts";
import { type AuditKeys, codeOf, isSameCode } from "./seal.ts";

/**
 * The columns of a row. Numbers are read as text, so sort by `gallery_audit.seq`: `seq` alone is this
 * text.
 */
export const STORED_ROW = `chain, CAST(seq AS TEXT) AS seq, CAST(created_at AS TEXT) AS created_at,
  ${PROTECTED.slice(3).join(", ")}, code`;
const NOTE = `SELECT CAST(seq AS TEXT) AS seq, CAST(purged_at AS TEXT) AS purged_at, row_code, code
  FROM gallery_audit_purges WHERE chain = $1`;

/** The last row of a chain that a purge has deleted, as its note names it. */
export interface PurgeNote {
  readonly seq: number;
  /** Code of this row. */
  readonly rowCode: Uint8Array;
}

/** Returns the code that a row has when nobody has changed it or a row before it. */
export function expectedCode(keys: AuditKeys, before: Uint8Array, row: Row): Uint8Array {
  return codeOf(keys.rows, before, PROTECTED.map((column) => textOf(row[column])));
}

/** True when the row has this code. */
export const hasCode = (row: Row, code: Uint8Array): boolean =>
  isSameCode(code, bytesOf(row["code"]));

/**
 * Reads the note about the purge of a chain.
 *
 * @returns undefined without a note, "bad" for one that this store has not signed
 */
export async function readNote(
  transaction: Transaction,
  keys: AuditKeys,
  chain: string,
): Promise<PurgeNote | "bad" | undefined> {
  const [note] = await transaction.query(NOTE, chain);
  if (note === undefined) return undefined;
  const rowCode = bytesOf(note["row_code"]);
  const texts = [chain, textOf(note["seq"]), textOf(note["purged_at"])];
  if (!isSameCode(codeOf(keys.purges, rowCode, texts), bytesOf(note["code"]))) return "bad";
  return { seq: Number(note["seq"]), rowCode };
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : `${typeof value} ${value}`;
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}
