/** Deletes old events. A signed note says up to which row a chain was purged. */

import type { Transaction } from "../store/database.ts";
import { CHAINS } from "./rows.ts";
import { type AuditKeys, codeOf, NO_CODE } from "./seal.ts";
import { expectedCode, hasCode, readNote, STORED_ROW } from "./stored_row.ts";

/**
 * Deletes the events of a time and before, from the start of each chain. A row that somebody has
 * changed, and all after it, stay, so that they are found. Needs an exclusive transaction: two replicas
 * may purge.
 *
 * @param until Milliseconds since 1970
 * @param limit Greatest number of events that this call deletes
 * @param now Milliseconds since 1970
 * @returns Number of events that were deleted
 */
export async function purgeEvents(
  transaction: Transaction,
  keys: AuditKeys,
  { until, limit, now }: { readonly until: number; readonly limit: number; readonly now: number },
): Promise<number> {
  const chains = await transaction.query(
    `SELECT c.chain FROM (${CHAINS}) c WHERE (
      SELECT created_at FROM gallery_audit a WHERE a.chain = c.chain ORDER BY seq LIMIT 1) <= $1`,
    until,
  );
  let deleted = 0;
  for (const { chain } of chains) {
    if (deleted >= limit) break;
    const before = await readNote(transaction, keys, chain as string);
    if (before === "bad") continue;
    const rows = await transaction.query(
      `SELECT ${STORED_ROW} FROM gallery_audit WHERE chain = $1 ORDER BY gallery_audit.seq LIMIT $2`,
      chain!,
      limit - deleted,
    );
    const first = before?.seq ?? 0;
    let seq = first, code = before?.rowCode ?? NO_CODE;
    for (const row of rows) {
      const expected = expectedCode(keys, code, row);
      if (row["seq"] !== String(seq + 1) || !hasCode(row, expected)) break;
      if (Number(row["created_at"]) > until) break;
      seq++;
      code = expected;
    }
    if (seq === first) continue;
    const note = [chain as string, seq, now] as const;
    await transaction.query(
      `INSERT INTO gallery_audit_purges (chain, seq, purged_at, row_code, code)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, purged_at = excluded.purged_at,
          row_code = excluded.row_code, code = excluded.code`,
      ...note,
      code,
      codeOf(keys.purges, code, note.map(String)),
    );
    await transaction.query(
      "DELETE FROM gallery_audit WHERE chain = $1 AND seq <= $2",
      chain!,
      seq,
    );
    deleted += seq - first;
  }
  return deleted;
}
