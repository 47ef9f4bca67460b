/** Deletes old events. A signed note says up to which row a chain was purged. */

import type { Transaction } from "../store/database.ts";
import { CHAINS } from "./rows.ts";
import { type AuditKeys, codeOf, NO_CODE } from "./seal.ts";
import { expectedCode, hasCode, readNote, STORED_ROW } from "./stored_row.ts";

/** A clock is never wrong by more. */
const MAX_CLOCK_ERROR_MS = 24 * 60 * 60 * 1000;

/** Result of a purge. */
export interface PurgedEvents {
  /** Number of events that were deleted. */
  readonly deleted: number;
  /**
   * Names of the chains whose old events stay, because somebody has changed a row. Complete when fewer
   * events were deleted than allowed.
   */
  readonly changed: readonly string[];
}

/**
 * Deletes the events of a time and before, from the start of each chain. A row that somebody has
 * changed, and all after it, stay, so that they are found. Needs an exclusive transaction: two replicas
 * may purge.
 *
 * @param until Milliseconds since 1970
 * @param limit Greatest number of events that this call deletes
 * @param now Milliseconds since 1970
 */
export async function purgeEvents(
  transaction: Transaction,
  keys: AuditKeys,
  { until, limit, now }: { readonly until: number; readonly limit: number; readonly now: number },
): Promise<PurgedEvents> {
  const chains = await transaction.query(
    // A chain whose first event is to come has a row that somebody has changed.
    `SELECT chain FROM (SELECT c.chain, (
        SELECT created_at FROM gallery_audit a WHERE a.chain = c.chain ORDER BY seq LIMIT 1
      ) AS oldest FROM (${CHAINS}) c) c WHERE oldest <= $1 OR oldest > $2`,
    until,
    now + MAX_CLOCK_ERROR_MS,
  );
  let deleted = 0;
  const changed: string[] = [];
  for (const { chain } of chains) {
    if (deleted >= limit) break;
    const before = await readNote(transaction, keys, chain as string);
    if (before === "bad") {
      changed.push(chain as string);
      continue;
    }
    const rows = await transaction.query(
      `SELECT ${STORED_ROW} FROM gallery_audit WHERE chain = $1 ORDER BY gallery_audit.seq LIMIT $2`,
      chain!,
      limit - deleted,
    );
    const first = before?.seq ?? 0;
    let seq = first, code = before?.rowCode ?? NO_CODE;
    for (const row of rows) {
      const expected = expectedCode(keys, code, row);
      if (row["seq"] !== String(seq + 1) || !hasCode(row, expected)) {
        changed.push(chain as string);
        break;
      }
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
  return { deleted, changed };
}
