/** The work that a store needs from time to time: purges, and the encryption with a new key. */

import { setTimeout as delay } from "node:timers/promises";
import type { AppendEvents, AuditChains } from "../audit/chains.ts";
import { addChanges, pruneChanges } from "./change_log.ts";
import type { Database, Transaction } from "./database.ts";
import { purgeDecisions } from "./decisions.ts";
import { forgetOlderKeys } from "./key_check.ts";
import { sealTemplate, unsealTemplate } from "./template_cipher.ts";
import type { TemplateKeys } from "../../shared/template_keys.ts";
import { findOlderKeys, replaceSealed } from "./templates.ts";
import type { UserExpired } from "./user_changes.ts";
import { removeExpired } from "./users.ts";

/** Options of a purge. */
export interface PurgeOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Greatest number of changes that are kept. */
  readonly keptChanges: number;
  /** Milliseconds after which changes are deleted. */
  readonly changesKeptMs: number;
  /** Greatest number of users that one transaction deletes. */
  readonly usersPerStatement: number;
  /** Milliseconds after which events are deleted. */
  readonly auditKeptMs: number;
  readonly onExpired: UserExpired;
}

/** Events that one transaction deletes. With SQLite, everybody waits for it. */
const EVENTS_PER_PURGE = 200;
/** Milliseconds between two of these transactions, in which calls are answered. */
const BETWEEN_PURGES_MS = 20;

/**
 * Deletes what has expired, in several transactions.
 *
 * @returns Number of users that were deleted
 */
export async function purgeDatabase(
  database: Database,
  audit: AuditChains,
  { now, keptChanges, changesKeptMs, usersPerStatement, auditKeptMs, onExpired }: PurgeOptions,
): Promise<number> {
  await database.transaction(async (transaction) => {
    await purgeDecisions(transaction, now);
    await pruneChanges(transaction, { number: keptChanges, since: now - changesKeptMs });
  }, { frees: true });
  if (Number.isFinite(auditKeptMs)) {
    while (await audit.purge(now - auditKeptMs, EVENTS_PER_PURGE) === EVENTS_PER_PURGE) {
      await delay(BETWEEN_PURGES_MS);
    }
  }
  let deleted = 0;
  for (;;) {
    const count = await audit.transaction(
      (transaction, append) =>
        purgeUsers(transaction, append, { now, usersPerStatement, onExpired }),
      { exclusive: true, frees: true },
    );
    deleted += count;
    if (count < usersPerStatement) return deleted;
  }
}

/**
 * Encrypts templates of older keys with the first key. Forgets the older keys when no template of them
 * is left. Needs an exclusive transaction.
 *
 * @returns Number of templates that were encrypted
 */
export async function reencryptTemplates(
  transaction: Transaction,
  keys: TemplateKeys,
  limit: number,
): Promise<number> {
  const rows = await findOlderKeys(transaction, keys[0].id, limit);
  for (const row of rows) {
    const sealed = sealTemplate(keys, row, unsealTemplate(keys, row, row));
    await replaceSealed(transaction, row, sealed);
  }
  if (rows.length < limit) await forgetOlderKeys(transaction, keys);
  return rows.length;
}

async function purgeUsers(
  transaction: Transaction,
  append: AppendEvents,
  { now, usersPerStatement, onExpired }: Pick<
    PurgeOptions,
    "now" | "usersPerStatement" | "onExpired"
  >,
): Promise<number> {
  const users = await removeExpired(transaction, now, usersPerStatement);
  for (const user of users) await onExpired(transaction, user);
  await addChanges(transaction, users, now);
  await append(
    users.map(({ collection }) => ({ collection, kind: "deletion", outcome: "expired" })),
  );
  return users.length;
}
