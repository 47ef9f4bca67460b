import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Database } from "../../gallery/store/database.ts";
import { migrate, SCHEMA_VERSION } from "../../gallery/store/migrations.ts";
import { openPostgresDatabase } from "../../gallery/store/postgres_database.ts";
import { openSqlStore } from "../../gallery/store/sql_store.ts";
import { openSqliteDatabase } from "../../gallery/store/sqlite_database.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { ConfigError } from "../../shared/env.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const keys = parseTemplateKeys(makeTemplateKey());
const alice = { collection: "default", userId: "alice" };

/** Checks the migrations of a database, which is empty at first. */
async function checkMigrations(open: () => Promise<Database>): Promise<void> {
  assert(SCHEMA_VERSION > 1);
  {
    await using database = await open();
    await migrate(database, 1);
    await database.transaction((transaction) =>
      transaction.query(
        `INSERT INTO gallery_users (collection, user_id, name, created_at, updated_at)
          VALUES ('default', 'alice', 'Alice', 5, 5)`,
      )
    );
  }
  let position;
  for (const jti of ["first", "second"]) {
    await using store = await openSqlStore(await open(), { keys });
    assertEquals((await store.getUser(alice))?.name, "Alice");
    position ??= await store.position();
    assertEquals(await store.position(), position);
    const decision = { jti, position, expiresAt: Number.MAX_SAFE_INTEGER };
    assertEquals(await store.decide(decision), { kind: "decided" });
  }
  {
    await using database = await open();
    await database.transaction((transaction) =>
      transaction.query("UPDATE gallery_schema SET version = 99")
    );
  }
  await using database = await open();
  const error = await assertRejects(() => openSqlStore(database, { keys }), ConfigError);
  assertEquals(
    error.message,
    "The gallery's database has version 99 of the tables, and this program knows versions up to " +
      `${SCHEMA_VERSION}: start the newer program`,
  );
}

Deno.test("a SQLite database of an older version is migrated, and of a newer one refused", async () => {
  await using folder = await temporaryFolder();
  await checkMigrations(() =>
    Promise.resolve(openSqliteDatabase({ folder: folder.path("gallery") }))
  );
});

needs("postgres")(
  "a PostgreSQL database of an older version is migrated, and of a newer one refused",
  async () => {
    await using server = await startPostgres();
    const url = await server.newDatabase();
    await checkMigrations(() => openPostgresDatabase({ url }));
  },
);
