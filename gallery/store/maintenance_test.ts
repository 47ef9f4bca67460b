import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import type { Database } from "./database.ts";
import { openSqlStore } from "./sql_store.ts";
import { openSqliteDatabase } from "./sqlite_database.ts";
import { StoreUnavailable } from "./store.ts";

/** Makes the statements of a database fail that a pattern names. */
function failing(database: Database, pattern: () => RegExp | undefined): Database {
  return {
    dialect: database.dialect,
    transaction: (run, options) =>
      database.transaction((transaction) =>
        run({
          query: async (statement, ...parameters) => {
            if (pattern()?.test(statement)) throw new StoreUnavailable(statement);
            return await transaction.query(statement, ...parameters);
          },
          erases: () => transaction.erases(),
        }), options),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

Deno.test("a purge deletes everything else when one kind of rows cannot be deleted", async () => {
  await using folder = await temporaryFolder();
  const clock = { now: 1000 };
  let pattern: RegExp | undefined;
  const database = openSqliteDatabase({ folder: folder.path("gallery") });
  await using store = await openSqlStore(failing(database, () => pattern), {
    keys: parseTemplateKeys(makeTemplateKey()),
    now: () => clock.now,
    auditKeptMs: 1000,
  });
  const count = async (table: string) => {
    const [row] = await database.transaction((transaction) =>
      transaction.query(`SELECT count(*) AS count FROM ${table}`)
    );
    return row!["count"];
  };
  const tables = ["tries", "decisions", "changes", "audit", "users"];
  for (const broken of tables) {
    const user = { collection: "default", userId: "alice" };
    await store.putUser(user, { name: "Alice", expiresAt: clock.now + 1 });
    await store.putUser({ ...user, userId: "bob" }, { name: "Bob", expiresAt: clock.now + 1 });
    await store.useToken({ jti: broken, expiresAt: clock.now + 1 });
    await store.countFailure({ ...user, userId: "nobody" });
    clock.now += 365 * 24 * 60 * 60 * 1000;
    // A deletion of a user also deletes counts, by another statement.
    const rest = broken === "tries" ? String.raw` WHERE subject IN \(\s*SELECT` : "";
    pattern = new RegExp(`DELETE FROM gallery_${broken}${rest}`);
    await assertRejects(() => store.purge(), StoreUnavailable, `gallery_${broken}`);
    pattern = undefined;
    for (const table of tables) {
      // The newest change stays, and the deletions of the users are new.
      if (table === "changes" || (table === "audit" && broken !== "audit")) continue;
      assertEquals(await count(`gallery_${table}`) !== 0, table === broken, `${table}, ${broken}`);
    }
    await store.purge();
  }
});
