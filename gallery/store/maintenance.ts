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
import type { UsersExpired } from "./user_changes.ts";
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
  /**
   * Greatest number of rows of a table that one transaction deletes. Of users, it is their templates,
   * or those of one user.
   */
  readonly rowsPerPurge: number;
  /** Milliseconds after which events are deleted. */
  readonly auditKeptMs: number;
  readonly onExpired: UsersExpired;
  readonly onAuditKept: AuditKept;
  /** Deletes counts of failures, at most `rowsPerPurge`. Returns their number. */
  readonly trimTries: () => Promise<number>;
}

/**
 * Called with the names of the chains of the audit whose old events a purge did not delete, because
 * somebody has changed a row.
 */
export type AuditKept = (chains: readonly string[]) => void;

/** Events that one transaction deletes. With SQLite, everybody waits for it. */
const EVENTS_PER_PURGE = 200;
/** Milliseconds between two transactions, in which calls are answered. */
const BETWEEN_PURGES_MS = 20;

/**
 * Deletes what has expired, in many transactions: on a full disk, each of them has little room. When
 * one kind of rows cannot be deleted, the others are nevertheless.
 *
 * @returns Number of users that were deleted
 * @throws the first error
 */
export async function purgeDatabase(
  database: Database,
  audit: AuditChains,
  options: PurgeOptions,
): Promise<number> {
  const { now, rowsPerPurge: limit, auditKeptMs } = options;
  const kept = { number: options.keptChanges, since: now - options.changesKeptMs };
  const deleting = { exclusive: true, frees: true } as const;
  let users = 0;
  // Each deletes some rows, and returns true when there may be more.
  const parts: readonly (() => Promise<boolean>)[] = [
    async () => await options.trimTries() === limit,
    () =>
      database.transaction(
        async (transaction) => await purgeDecisions(transaction, now, limit) === limit,
        deleting,
      ),
    () =>
      database.transaction(
        async (transaction) => await pruneChanges(transaction, kept, limit) === limit,
        deleting,
      ),
    async () => {
      if (!Number.isFinite(auditKeptMs)) return false;
      const { deleted, changed } = await audit.purge(now - auditKeptMs, EVENTS_PER_PURGE);
      if (deleted === EVENTS_PER_PURGE) return true;
      // This call has come to every chain.
      options.onAuditKept(changed);
      return false;
    },
    async () => {
      const count = await audit.transaction(
        (transaction, append) => purgeUsers(transaction, append, options),
        deleting,
      );
      users += count;
      return count > 0;
    },
  ];
  const errors: unknown[] = [];
  for (const part of parts) {
    try {
      while (await part()) await delay(BETWEEN_PURGES_MS);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return users;
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
  { now, usersPerStatement, rowsPerPurge, onExpired }: PurgeOptions,
): Promise<number> {
  const limits = { users: usersPerStatement, templates: rowsPerPurge };
  const users = await removeExpired(transaction, now, limits);
  await onExpired(transaction, users);
  await addChanges(transaction, users, now);
  await append(
    users.map(({ collection }) => ({ collection, kind: "deletion", outcome: "expired" })),
  );
  return users.length;
}
