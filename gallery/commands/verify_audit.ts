/** The command `deno task gallery audit verify`. */

import { deriveAuditKeys } from "../audit/seal.ts";
import { readCheckpoints } from "../audit/checkpoint.ts";
import type { AuditCheckpoint } from "../audit/event.ts";
import {
  collectHeads,
  type SignedHead,
  type VerifiedAudit,
  verifyAudit as verifyRows,
} from "../audit/verify.ts";
import { ConfigError } from "../../shared/env.ts";
import { isPostgres, type StoreSettings } from "../../shared/local_store.ts";
import { readLogLines } from "../files/read_log_lines.ts";
import type { Database } from "../store/database.ts";
import { unsealPhotoKey } from "../store/key_check.ts";
import { SCHEMA_VERSION } from "../store/migrations.ts";
import { openDatabase } from "../store/open_store.ts";
import { openSqliteReader } from "../store/sqlite_reader.ts";
import { readKeysForCommand } from "./store_settings.ts";

/** Result of the command. */
export interface AuditReport extends VerifiedAudit {
  /** Time of the newest checkpoint of all chains; undefined without one. */
  readonly until: string | undefined;
}

/**
 * Compares the audit with the checkpoints of a log. The service may use the store meanwhile.
 *
 * @param path File with lines of the log; "-" is standard input. Lines without a checkpoint are ignored
 * @throws {ConfigError} when the store, its keys or the file cannot be used
 * @throws {StoreUnavailable} when the database fails
 */
export async function verifyAudit(settings: StoreSettings, path: string): Promise<AuditReport> {
  const templateKeys = await readKeysForCommand(settings, { mayCreate: false });
  const { location } = settings;
  await using database = isPostgres(location)
    ? await openDatabase(location)
    : openSqliteReader(location);
  await refuseOtherVersion(database);
  const rows = await database.transaction((transaction) =>
    transaction.query("SELECT key_id, nonce, ciphertext FROM gallery_keys")
  );
  const secret = unsealPhotoKey(rows, templateKeys);
  if (secret === undefined) throw new ConfigError("No template key fits the database");
  const keys = deriveAuditKeys(secret);

  const heads = new Map<string, Map<number, SignedHead>>();
  const faults: string[] = [];
  const complete = createCompleteness();
  let number = 0;
  for await (const line of readLogLines(path)) {
    number++;
    for (const checkpoint of readCheckpoints(keys, line)) {
      if (checkpoint === "bad") {
        faults.push(`Line ${number} of ${path} has a checkpoint that this gallery has not signed`);
        continue;
      }
      collectHeads(heads, checkpoint);
      complete.add(checkpoint);
    }
  }
  if (heads.size === 0) faults.push(`${path} has no checkpoint of this gallery`);
  const verified = await verifyRows(database, keys, heads);
  return { ...verified, faults: [...faults, ...verified.faults], until: complete.newest() };
}

/** Finds the newest time at which all chains were signed. */
export function createCompleteness() {
  /** The chains that were signed at a time. */
  const chains = new Map<string, Set<string>>();
  let newest: string | undefined;
  return {
    add({ time, heads, chains: total }: AuditCheckpoint): void {
      // An older time says nothing new.
      if (total === undefined || newest !== undefined && time <= newest) return;
      const name = `${time} ${total}`;
      const known = chains.get(name) ?? new Set();
      chains.set(name, known);
      for (const [chain] of heads) known.add(chain);
      if (known.size < total) return;
      newest = time;
      chains.delete(name);
    },
    newest: () => newest,
  };
}

/** Returns what the command says about an audit that is in order. */
export function describeReport({ rows, chains, uncovered, until }: AuditReport): string {
  const known = until === undefined
    ? "The log has no checkpoint of all chains, so a chain that is missing may not be found"
    : `An event that was stored at ${until} and was changed or removed later would have been found`;
  return `${rows} events in ${chains} chains are in order. ${known}. Of the events in the store, ` +
    `${uncovered} are not covered by a checkpoint: if newer ones than the checkpoints say were ` +
    "removed, nobody can see it";
}

async function refuseOtherVersion(database: Database): Promise<void> {
  const [row] = await database.transaction((transaction) =>
    transaction.query("SELECT version FROM gallery_schema")
  );
  if (row?.["version"] !== SCHEMA_VERSION) {
    throw new ConfigError(
      `The gallery's database has version ${
        row?.["version"]
      } of the tables, and this program needs ` +
        `version ${SCHEMA_VERSION}`,
    );
  }
}
