/** Opens a store of each kind, beside a bare table in the same database engine. */

import { DatabaseSync } from "node:sqlite";
import postgres from "postgres";
import { openStore } from "../../../gallery/store/open_store.ts";
import type { GalleryStore } from "../../../gallery/store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../../shared/template_keys.ts";
import { areMet } from "../../support/needs.ts";
import { startPostgres } from "../../support/postgres.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const keys = parseTemplateKeys(makeTemplateKey());

/** A store, and the least work that a transaction can be. */
export interface Engine {
  readonly name: "SQLite" | "PostgreSQL";
  readonly store: GalleryStore;
  /** Inserts one row, with the same durability as the store. */
  readonly insert: (id: string) => unknown;
}

/**
 * Opens one store after another: SQLite, and PostgreSQL when FACE_IT_POSTGRES_BIN is set. Closes a
 * store before it opens the next one.
 */
export async function* openEngines(): AsyncGenerator<Engine> {
  yield* openSqlite();
  if (areMet("postgres")) yield* openPostgres();
}

async function* openSqlite(): AsyncGenerator<Engine> {
  await using folder = await temporaryFolder();
  using bare = new DatabaseSync(folder.path("bare.db"));
  bare.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id TEXT PRIMARY KEY)",
  );
  const statement = bare.prepare("INSERT INTO t VALUES (?)");
  await using store = await openStore(folder.path("gallery"), { keys });
  yield { name: "SQLite", store, insert: (id) => statement.run(id) };
}

async function* openPostgres(): AsyncGenerator<Engine> {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using store = await openStore(url, { keys });
  const bare = postgres(url, { max: 8, prepare: false, fetch_types: false });
  await using _closed = { [Symbol.asyncDispose]: () => bare.end() };
  await bare`CREATE TABLE t (id TEXT PRIMARY KEY)`;
  yield { name: "PostgreSQL", store, insert: (id) => bare`INSERT INTO t VALUES (${id})` };
}
