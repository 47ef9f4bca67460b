// Tests that the gallery answers nothing when its disk has no room for the event.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { openSqlStore } from "../../gallery/store/sql_store.ts";
import { openSqliteDatabase } from "../../gallery/store/sqlite_database.ts";
import { StoreUnavailable } from "../../gallery/store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

Deno.test("a full database refuses decisions, changes and events, and continues when it has room", async () => {
  await using folder = await temporaryFolder();
  const clock = { now: 1000 };
  const database = openSqliteDatabase({ folder: folder.path("gallery") });
  await using store = await openSqlStore(database, {
    keys: parseTemplateKeys(makeTemplateKey()),
    now: () => clock.now,
  });
  const user = { collection: "default", userId: "user1" };
  await store.putUser(user, { name: "User One" });
  const position = await store.position();
  const event = { ...user, kind: "decision", outcome: "matched" } as const;
  let decided = 0;
  const decide = async () => {
    const token = { jti: `j-${decided}`, expiresAt: Number.MAX_SAFE_INTEGER };
    const { kind } = await store.decide({ ...token, position, matched: user, event });
    assertEquals(kind, "decided");
    decided++;
  };
  const setPages = (pages: string) =>
    database.transaction((transaction) => transaction.query(`PRAGMA max_page_count = ${pages}`));
  const [{ max_page_count: pages } = {}] = await setPages("1");
  await assertRejects(async () => {
    for (;;) await decide();
  }, StoreUnavailable);
  await assertRejects(decide, StoreUnavailable);
  // Small events may still fit into the last page.
  await assertRejects(async () => {
    for (;;) await store.record({ ...event, kind: "export" });
  }, StoreUnavailable);
  await assertRejects(async () => {
    for (let i = 0;; i++) await store.putUser(user, { name: `${i}`.padEnd(200) });
  }, StoreUnavailable);
  const list = async () => {
    const { items } = await store.listEvents("default", { limit: 1000 });
    return items;
  };
  assertEquals((await list()).filter(({ kind }) => kind === "decision").length, decided);

  await setPages(String(Number(pages) + 1000));
  await decide();
  await store.deleteUser(user);
  const events = await list();
  assertEquals(events.filter(({ kind }) => kind === "decision").length, decided);
  // After a failure, another chain begins. No chain has a gap.
  const chains = Map.groupBy(events.toReversed(), ({ chain }) => chain);
  assert(chains.size > 1);
  for (const rows of chains.values()) {
    assertEquals(rows.map(({ seq }) => seq), rows.map((_, i) => i + 1));
  }
});
