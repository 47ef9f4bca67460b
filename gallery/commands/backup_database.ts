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
  await refuseOtherStores(location);
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await using copy = await copyDatabase(location, folder);
    await Deno.link(copy.path, join(folder, "gallery.db"));
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) {
      throw new ConfigError(`The folder ${folder} has a database already`);
    }
    throw failed(`into ${folder}`, cause);
  }
}

/**
 * Writes a copy of a SQLite database to a stream, as it is at one moment. The stream is closed only
 * when it has the whole copy. The folder of the database needs room for the copy meanwhile.
 *
 * @throws {ConfigError} when there is no database, or the copy fails
 */
export async function writeBackup(
  { location }: StoreSettings,
  output: WritableStream<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  await refuseOtherStores(location);
  try {
    await using copy = await copyDatabase(location, location);
    await (await Deno.open(copy.path)).readable.pipeTo(output);
  } catch (cause) {
    throw failed("to standard output", cause);
  }
}

async function refuseOtherStores(location: string): Promise<void> {
  if (isPostgres(location)) {
    throw new ConfigError("The gallery is in PostgreSQL: back it up with pg_dump");
  }
  await refuseMissingDatabase(location);
}

/** Copies a database into a file of a folder. Disposing of the result removes the file. */
async function copyDatabase(
  location: string,
  folder: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  // A store's folder may have files of this name, see gallery/store/sqlite_folder.ts.
  const path = join(folder, `gallery.${crypto.randomUUID()}.tmp`);
  await using removing = new AsyncDisposableStack();
  removing.defer(async () => {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) {
      await Deno.remove(`${path}${suffix}`).catch(() => {});
    }
  });
  (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
  const source = new DatabaseSync(join(location, "gallery.db"), { readOnly: true });
  try {
    await backup(source, path, { rate: ALL_PAGES });
  } finally {
    source.close();
  }
  checkCopy(path);
  {
    using file = await Deno.open(path, { read: true, write: true });
    await file.sync();
  }
  const owned = removing.move();
  return { path, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const failed = (where: string, cause: unknown): ConfigError =>
  new ConfigError(`The backup ${where} has failed (${describeError(cause)})`, { cause });

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
