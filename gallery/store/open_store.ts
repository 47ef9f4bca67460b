/** Opens the store that a location names. */

import { isPostgres } from "../../shared/local_store.ts";
import type { Database } from "./database.ts";
import { openPostgresDatabase } from "./postgres_database.ts";
import { openSqlStore, type StoreOptions } from "./sql_store.ts";
import { openSqliteDatabase } from "./sqlite_database.ts";
import type { GalleryStore } from "./store.ts";

/**
 * Opens a store.
 *
 * @param location `postgres://…` or `postgresql://…`, or the path of a folder for SQLite
 * @throws {ConfigError} when the database, its tables or the keys cannot be used
 * @throws {StoreUnavailable} when the database is away
 */
export async function openStore(location: string, options: StoreOptions): Promise<GalleryStore> {
  const database = await openDatabase(location);
  try {
    return await openSqlStore(database, options);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Opens the database of a store.
 *
 * @param location `postgres://…` or `postgresql://…`, or the path of a folder for SQLite
 * @throws {ConfigError} when the database cannot be used
 * @throws {StoreUnavailable} when the database is away
 */
export async function openDatabase(location: string): Promise<Database> {
  return isPostgres(location)
    ? await openPostgresDatabase({ url: location })
    : openSqliteDatabase({ folder: location });
}
