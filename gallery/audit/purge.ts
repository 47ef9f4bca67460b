/** Deletes old events. A signed note says up to which row a chain was purged. */

import type { Transaction } from "../store/database.ts";
import { CHAINS } from "./rows.ts";
import { type AuditKeys, codeOf } from "./seal.ts";

/**
 * Deletes the events of a time and before, from the start of each chain. Needs an exclusive
 * transaction: two replicas may purge.
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
    const rows = await transaction.query(
      "SELECT seq, created_at, code FROM gallery_audit WHERE chain = $1 ORDER BY seq LIMIT $2",
      chain!,
      limit - deleted,
    );
    const recent = rows.findIndex((row) => row["created_at"] as number > until);
    const old = recent < 0 ? rows : rows.slice(0, recent);
    const last = old.at(-1);
    if (last === undefined) continue;
    const note = [chain as string, last["seq"] as number, now] as const;
    const code = last["code"] as Uint8Array;
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
      last["seq"]!,
    );
    deleted += old.length;
  }
  return deleted;
}
