/** Checks that nobody has changed the audit. Changes nothing. */

import { type Database, Rollback, type Row } from "../store/database.ts";
import type { AuditCheckpoint } from "./event.ts";
import { CHAINS } from "./rows.ts";
import { type AuditKeys, NO_CODE } from "./seal.ts";
import { expectedCode, hasCode, type PurgeNote, readNote, STORED_ROW } from "./stored_row.ts";

/** Result of a check. */
export interface VerifiedAudit {
  readonly rows: number;
  readonly chains: number;
  /** A sentence without a period for each chain that is not in order. It names the first bad row. */
  readonly faults: readonly string[];
  /** Rows that no checkpoint covers: they or newer ones could be removed without a trace. */
  readonly uncovered: number;
}

/** Rows that one transaction reads. */
const ROWS_PER_READ = 500;
/** After this number of faults, the others say nothing new. */
const MAX_FAULTS = 100;

/** The heads that checkpoints name: for each chain the codes of rows by their numbers. */
export type SignedHeads = ReadonlyMap<string, ReadonlyMap<number, SignedHead>>;

/** A head in a checkpoint. */
export interface SignedHead {
  /** In hexadecimal digits. */
  readonly code: string;
  /** Time of the checkpoint. */
  readonly time: string;
}

/** Collects the heads of checkpoints. */
export function collectHeads(
  heads: Map<string, Map<number, SignedHead>>,
  { time, heads: named }: AuditCheckpoint,
): void {
  for (const [chain, seq, code] of named) {
    const known = heads.get(chain) ?? new Map<number, SignedHead>();
    heads.set(chain, known);
    if (!known.has(seq)) known.set(seq, { code, time });
  }
}

/**
 * Checks every chain of the database, and every chain that a checkpoint names.
 *
 * @throws {StoreUnavailable} when the database fails
 */
export async function verifyAudit(
  database: Database,
  keys: AuditKeys,
  signed: SignedHeads,
): Promise<VerifiedAudit> {
  const chains = new Set<unknown>(signed.keys());
  for (const statement of [CHAINS, "SELECT chain FROM gallery_audit_purges"]) {
    const rows = await database.transaction((transaction) => transaction.query(statement));
    for (const { chain } of rows) chains.add(chain);
  }
  const faults: string[] = [];
  let rows = 0, uncovered = 0;
  for (const chain of [...chains].toSorted()) {
    const checked = await verifyChain(database, keys, chain as string, signed);
    rows += checked.rows;
    uncovered += checked.uncovered;
    if (checked.fault !== undefined && faults.length < MAX_FAULTS) faults.push(checked.fault);
  }
  return { rows, chains: chains.size, faults, uncovered };
}

interface CheckedChain {
  readonly rows: number;
  readonly uncovered: number;
  readonly fault?: string;
}

async function verifyChain(
  database: Database,
  keys: AuditKeys,
  chain: string,
  signed: SignedHeads,
): Promise<CheckedChain> {
  const heads = signed.get(chain) ?? new Map<number, SignedHead>();
  const newest = Math.max(0, ...heads.keys());
  let last = 0, code = NO_CODE, count = 0, covered = newest;
  const failed = (fault: string): CheckedChain => ({ rows: count, uncovered: 0, fault });
  const name = (seq: unknown, row?: Row) => `Row ${seq} of the chain ${chain}${timeOf(row)}`;
  for (let after: number | undefined;; after = last) {
    const { rows, note } = await readPart(database, keys, chain, after);
    if (note === "bad") return failed(`The note about the purge of the chain ${chain} was changed`);
    const purged = note?.seq ?? 0;
    if (note !== undefined && purged > last) {
      const head = heads.get(purged);
      if (head !== undefined && head.code !== note.rowCode.toHex()) {
        return failed(`${name(purged)}, which was purged, is not the row of ${said(head)}`);
      }
      last = purged;
      code = note.rowCode;
      covered = Math.max(covered, purged);
    }
    for (const row of rows) {
      const seq = Number(row["seq"]);
      if (seq <= purged) {
        const first = `row ${purged + 1} is the first one that the chain can have`;
        return failed(`${name(row["seq"], row)} was put in: ${first}`);
      }
      if (seq !== last + 1) return failed(`${name(last + 1)} is missing`);
      const expected = expectedCode(keys, code, row);
      if (!hasCode(row, expected)) {
        return failed(`${name(seq, row)} was changed, or put in from elsewhere`);
      }
      const head = heads.get(seq);
      if (head !== undefined && head.code !== expected.toHex()) {
        return failed(`${name(seq, row)} is not the row of ${said(head)}`);
      }
      last = seq;
      code = expected;
      count++;
    }
    if (rows.length < ROWS_PER_READ) break;
  }
  if (newest > last) {
    return failed(
      `${name(last + 1)} is missing: ${said(heads.get(newest)!)} names row ${newest}`,
    );
  }
  return { rows: count, uncovered: last - covered };
}

/**
 * Reads the next rows of a chain, and the note about its purge, in the state of one moment.
 *
 * @param after Number of the last row that was read. undefined: none, and no row is left out
 */
function readPart(
  database: Database,
  keys: AuditKeys,
  chain: string,
  after: number | undefined,
): Promise<{ readonly rows: readonly Row[]; readonly note: PurgeNote | "bad" | undefined }> {
  const limits = after === undefined ? [] : [after];
  const seqOf = (note: PurgeNote | "bad" | undefined) => note === "bad" ? note : note?.seq;
  return database.transaction(async (transaction) => {
    let note = await readNote(transaction, keys, chain);
    for (;;) {
      const rows = await transaction.query(
        `SELECT ${STORED_ROW} FROM gallery_audit WHERE chain = $1 ${
          after === undefined ? "" : "AND gallery_audit.seq > $2"
        } ORDER BY gallery_audit.seq LIMIT ${ROWS_PER_READ}`,
        chain,
        ...limits,
      );
      const before = note;
      note = await readNote(transaction, keys, chain);
      // With PostgreSQL, a purge may have ended in between.
      if (seqOf(before) === seqOf(note)) return new Rollback({ rows, note });
    }
  });
}

const said = ({ time }: SignedHead): string => `the checkpoint of ${time}`;

function timeOf(row: Row | undefined): string {
  const time = new Date(Number(row?.["created_at"]));
  return Number.isNaN(time.getTime()) ? "" : ` (${time.toISOString()})`;
}
