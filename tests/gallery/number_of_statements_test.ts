/** A database may be far away. So the number of statements, not of rows, decides how long a call takes. */

import { assert, assertEquals } from "@std/assert";
import type { Database } from "../../gallery/store/database.ts";
import { openSqlStore } from "../../gallery/store/sql_store.ts";
import { openSqliteDatabase } from "../../gallery/store/sqlite_database.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { newTemplate } from "../support/gallery_store.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const keys = parseTemplateKeys(makeTemplateKey());

/** Counts the statements of a database's transactions. */
function countStatements(database: Database): { database: Database; perTransaction: number[] } {
  const perTransaction: number[] = [];
  return {
    perTransaction,
    database: {
      dialect: database.dialect,
      transaction: (run, options) => {
        const i = perTransaction.push(0) - 1;
        return database.transaction((transaction) =>
          run({
            query: (statement, ...parameters) => {
              perTransaction[i]!++;
              return transaction.query(statement, ...parameters);
            },
            erases: () => transaction.erases(),
          }), options);
      },
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    },
  };
}

Deno.test("imports and purges of many rows need few statements", async () => {
  await using folder = await temporaryFolder();
  const clock = { now: 0 };
  const { database, perTransaction } = countStatements(
    openSqliteDatabase({ folder: folder.path("gallery") }),
  );
  await using store = await openSqlStore(database, { keys, now: () => clock.now });
  const users = Array.from({ length: 100 }, (_, i) => ({
    collection: "default",
    userId: `user ${i}`,
    name: "N",
    expiresAt: 1,
    templates: Array.from({ length: 20 }, (_, j) => newTemplate(20 * i + j, 4)),
  }));
  perTransaction.length = 0;
  assertEquals(await store.importUsers(users), 2000);
  assert(perTransaction[0]! <= 3 * 100 + 4, `${perTransaction[0]} for an import`);
  for (let group = 1; group < 6; group++) {
    await store.importUsers(
      users.map((user) => ({ ...user, collection: `${group}`, templates: [] })),
    );
  }
  clock.now = 1;
  perTransaction.length = 0;
  assertEquals(await store.purge(), 600);
  assert(Math.max(...perTransaction) <= 7, `${perTransaction} for a purge`);
  assertEquals(await store.countByModel("default"), []);
});

Deno.test("templates are counted again only after the gallery has changed", async () => {
  await using folder = await temporaryFolder();
  const { database, perTransaction } = countStatements(
    openSqliteDatabase({ folder: folder.path("gallery") }),
  );
  await using store = await openSqlStore(database, { keys });
  const alice = { collection: "default", userId: "alice" };
  await store.putUser(alice, { name: "Alice" });
  const count = async (collection: string) => {
    perTransaction.length = 0;
    const [{ templates } = { templates: 0 }] = await store.countByModel(collection);
    return { templates, statements: perTransaction };
  };
  for (const seed of [1, 2]) {
    await store.addTemplate(alice, newTemplate(seed, 4));
    assertEquals(await count("default"), { templates: seed, statements: [2] });
    assertEquals(await count("other"), { templates: 0, statements: [2] });
    for (const collection of ["default", "other", "default"]) {
      assertEquals((await count(collection)).statements, [1]);
    }
  }
  await store.deleteUser(alice);
  assertEquals(await count("default"), { templates: 0, statements: [2] });
});
