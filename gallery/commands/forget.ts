/** The command `deno task gallery forget`. */

import { ConfigError } from "../../shared/env.ts";
import { isPostgres, type StoreSettings } from "../../shared/local_store.ts";
import type { TemplateKeys } from "../../shared/template_keys.ts";
import { createDeletionMarks, readDeletions } from "../forget/deletion_mark.ts";
import {
  findDeleted,
  readEntries,
  readTemplates,
  type Since,
  type TemplateEntry,
  type UserEntry,
} from "../forget/find_deleted.ts";
import { readLogLines } from "../files/read_log_lines.ts";
import type { Database } from "../store/database.ts";
import { unsealPhotoKey } from "../store/key_check.ts";
import { openDatabase } from "../store/open_store.ts";
import { openSqliteReader } from "../store/sqlite_reader.ts";
import {
  openStoreForCommand,
  readKeysForCommand,
  refuseMissingDatabase,
} from "./store_settings.ts";
import type { GalleryStore } from "../store/store.ts";

/** Sources of the command. At least one is there. */
export interface ForgetOptions {
  /** Lines of the log of the service; "-" is standard input. */
  readonly log: string | undefined;
  /** Store from before the restore: folder of SQLite, or URL of PostgreSQL. */
  readonly before: string | undefined;
}

/**
 * Deletes from a restored store what was deleted after its backup.
 *
 * @returns What the command says
 * @throws {ConfigError} when a store, its keys or the log cannot be used, or the stores are two galleries
 * @throws {StoreUnavailable} when a database fails
 */
export async function forget(
  settings: StoreSettings,
  { log, before }: ForgetOptions,
): Promise<string> {
  const keys = await readKeysForCommand(settings, { mayCreate: false });
  const found = {
    users: new Map<string, UserEntry>(),
    templates: new Map<string, TemplateEntry>(),
    expiring: [] as UserEntry[],
  };
  const said: string[] = [];
  // Opening the store brings its tables to the newest version.
  await using store = await openStoreForCommand(settings, { mayCreate: false });
  {
    await using database = await openReader(settings.location);
    const secret = await readSecret(database, keys, "restored store");
    const sources: Since[] = [];
    if (log !== undefined) {
      const read = await readLog(secret, log);
      sources.push(read.since);
      said.push(read.text);
    }
    if (before !== undefined) sources.push(await compareWith(before, keys, secret));
    for (const since of sources) {
      const { users, templates, expiring } = await findDeleted(database, since);
      found.expiring.push(...expiring);
      for (const user of users) found.users.set(JSON.stringify(user), user);
      for (const template of templates) found.templates.set(template.templateId, template);
    }
  }
  for (const user of found.users.values()) await store.deleteUser(user);
  for (const user of found.expiring) await expireEarlier(store, user);
  let templates = 0;
  for (const template of found.templates.values()) {
    if (await store.deleteTemplate(template, template.templateId)) templates++;
  }
  said.push(`Deleted ${found.users.size} users and ${templates} templates of other users again`);
  return said.join("\n");
}

async function openReader(location: string): Promise<Database> {
  return isPostgres(location) ? await openDatabase(location) : openSqliteReader(location);
}

/** @param name Name of the store in errors */
async function readSecret(
  database: Database,
  keys: TemplateKeys,
  name: string,
): Promise<Uint8Array> {
  const rows = await database.transaction((transaction) =>
    transaction.query("SELECT key_id, nonce, ciphertext FROM gallery_keys")
  );
  const secret = unsealPhotoKey(rows, keys);
  if (secret === undefined) {
    throw new ConfigError(
      `No template key fits the ${name}. The file of the keys needs those of both stores`,
    );
  }
  return secret;
}

/** A user who is deleted by now stays deleted. */
async function expireEarlier(store: GalleryStore, { expiresAt, ...key }: UserEntry): Promise<void> {
  const user = await store.getUser(key);
  if (user === undefined) return;
  const { name, consentRef } = user;
  await store.putUser(key, { name, ...consentRef !== undefined && { consentRef }, expiresAt });
}

async function readLog(
  secret: Uint8Array,
  path: string,
): Promise<{ readonly since: Since; readonly text: string }> {
  const marks = createDeletionMarks(secret);
  const deleted = new Set<string>();
  let first: string | undefined, last: string | undefined, others = 0, number = 0;
  for await (const line of readLogLines(path)) {
    number++;
    for (const deletion of readDeletions(line)) {
      if (deletion === "bad") {
        throw new ConfigError(`Line ${number} of ${path} has a deletion that cannot be read`);
      }
      if (deletion.store !== marks.store) {
        others++;
        continue;
      }
      deleted.add(deletion.mark);
      if (first === undefined || deletion.time < first) first = deletion.time;
      if (last === undefined || deletion.time > last) last = deletion.time;
    }
  }
  const period = first === undefined ? "" : `, from ${first} to ${last}`;
  const foreign = others === 0 ? "" : `, and ${others} of other galleries`;
  return {
    since: {
      isUserDeleted: (user) => deleted.has(marks.ofUser(user)),
      isTemplateDeleted: ({ templateId }) => deleted.has(marks.ofTemplate(templateId)),
      expiryOf: () => Infinity,
    },
    text: `${path} has ${deleted.size} deletions of this gallery${period}${foreign}`,
  };
}

/**
 * Reads the store from before the restore. What it does not have was deleted. A user who has expired
 * there does not exist any more, also before the purge.
 */
async function compareWith(
  location: string,
  keys: TemplateKeys,
  secret: Uint8Array,
): Promise<Since> {
  if (!isPostgres(location)) await refuseMissingDatabase(location);
  await using database = await openReader(location);
  const own = await readSecret(database, keys, "store from before");
  if (own.toHex() !== secret.toHex()) {
    // Everybody would be missing there.
    throw new ConfigError("The store from before is another gallery, so nothing is deleted");
  }
  const now = Date.now();
  const nameOf = ({ collection, userId, createdAt }: UserEntry) =>
    JSON.stringify([collection, userId, createdAt]);
  const expiries = new Map<string, number>(), templates = new Set<string>();
  for await (const user of readEntries(database)) {
    if (user.expiresAt > now) expiries.set(nameOf(user), user.expiresAt);
  }
  for await (const { templateId } of readTemplates(database)) templates.add(templateId);
  return {
    isUserDeleted: (user) => !expiries.has(nameOf(user)),
    isTemplateDeleted: ({ templateId }) => !templates.has(templateId),
    expiryOf: (user) => expiries.get(nameOf(user)) ?? Infinity,
  };
}
