/** The command `deno task gallery backup`. */

import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { ConfigError } from "../../shared/env.ts";
import { describeError } from "../../shared/log.ts";
import { isPostgres, type StoreSettings } from "../../shared/local_store.ts";
import { refuseMissingDatabase } from "./store_settings.ts";

/** More pages than a database has: a copy in several steps begins anew at each change. */
const ALL_PAGES = 2 ** 31 - 1;

/**
 * Copies a SQLite database as it is at one moment. The service may use the database meanwhile. The
 * copy is complete or does not exist.
 *
 * @param folder Folder that gets the copy; it must not have a database
 * @throws {ConfigError} when there is no database, the folder has one, or the copy fails
 */
export async function backupDatabase(
  { location }: StoreSettings,
  folder: string,
): Promise<void> {
  if (isPostgres(location)) {
    throw new ConfigError("The gallery is in PostgreSQL: back it up with pg_dump");
  }
  await refuseMissingDatabase(location);
  const path = join(folder, "gallery.db");
  const temporary = join(folder, `.${crypto.randomUUID()}.tmp`);
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    (await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 })).close();
    const source = new DatabaseSync(join(location, "gallery.db"), { readOnly: true });
    try {
      await backup(source, temporary, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    checkCopy(temporary);
    {
      using file = await Deno.open(temporary, { read: true, write: true });
      await file.sync();
    }
    await Deno.link(temporary, path);
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new ConfigError(`The folder ${folder} has a database already`);
    }
    throw new ConfigError(`The backup into ${folder} has failed (${describeError(cause)})`, {
      cause,
    });
  } finally {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) {
      await Deno.remove(`${temporary}${suffix}`).catch(() => {});
    }
  }
}

function checkCopy(path: string): void {
  const copy = new DatabaseSync(path);
  try {
    const [row] = copy.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
    if (row?.integrity_check !== "ok") {
      throw new Error(`The copy is damaged: ${JSON.stringify(row)}`);
    }
  } finally {
    copy.close();
  }
}
