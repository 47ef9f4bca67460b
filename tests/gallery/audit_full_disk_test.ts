// Tests that the gallery answers nothing when its disk has no room for the event.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { openSqlStore } from "../../gallery/store/sql_store.ts";
import { openSqliteDatabase } from "../../gallery/store/sqlite_database.ts";
import { type GalleryStore, StoreUnavailable } from "../../gallery/store/store.ts";
import {
  makeTemplateKey,
  parseTemplateKeys,
  type TemplateKeys,
} from "../../shared/template_keys.ts";
import { newTemplate } from "../support/gallery_store.ts";
import { needs } from "../support/needs.ts";
import { type SmallDisk, smallDisk } from "../support/small_disk.ts";
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

const DAY_MS = 24 * 60 * 60 * 1000;
const MIB = 1024 * 1024;
const ALICE = { collection: "default", userId: "alice" };
const EVENT = { ...ALICE, kind: "decision", outcome: "matched" } as const;

/** The store on a small disk, at a time that the test moves. */
async function openOn(disk: SmallDisk, keys: TemplateKeys, clock: { now: number }) {
  const database = openSqliteDatabase({ folder: disk.path("gallery"), now: () => clock.now });
  try {
    const options = { keys, now: () => clock.now, auditKeptMs: 10 * DAY_MS };
    return await openSqlStore(database, options);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

/** Stores events until the disk refuses one, and returns their number. */
async function recordUntilFull(store: GalleryStore): Promise<number> {
  for (let stored = 0;; stored++) {
    try {
      await store.record({ ...EVENT, requestId: crypto.randomUUID() });
    } catch (error) {
      assert(error instanceof StoreUnavailable);
      return stored;
    }
  }
}

needs("mounts")(
  "with a full disk, purges, deletions and starts work, and decisions do again when there is room",
  async () => {
    await using disk = await smallDisk(48 * MIB);
    const keys = parseTemplateKeys(makeTemplateKey());
    const clock = { now: 1000 };
    {
      await using store = await openOn(disk, keys, clock);
      const names = ["alice", "bob", "carol", "dave"];
      for (const userId of names) await store.putUser({ ...ALICE, userId }, { name: userId });
      disk.fill(2 * MIB);
      assert(await recordUntilFull(store) > 1000);
      // The room that is kept is not for them, however often they ask.
      for (let i = 0; i < 20; i++) {
        await recordUntilFull(store);
        clock.now += 60_000;
      }
      await assertRejects(() => store.putUser(ALICE, { name: "x".repeat(200) }), StoreUnavailable);
      // Nor for the deletion of what does not exist.
      for (const userId of ["nobody", "alice"]) {
        await assertRejects(async () => {
          for (let i = 0; i < 20; i++) await store.deleteTemplate({ ...ALICE, userId }, `${i}`);
        }, StoreUnavailable);
      }
      await assertRejects(async () => {
        for (let i = 0; i < 20; i++) await store.deleteUser({ ...ALICE, userId: "nobody" });
      }, StoreUnavailable);
      assertEquals(await store.useToken({ jti: "1", expiresAt: 1e15 }, { frees: true }), true);
      assertEquals(await store.deleteUser({ ...ALICE, userId: "bob" }), true);
      clock.now += 11 * DAY_MS;
      await store.purge();
      // Where events were, there is room for others.
      assert(await recordUntilFull(store) > 1000);
    }
    // The process starts again, also when another program has taken every byte.
    {
      await using store = await openOn(disk, keys, clock);
      assertEquals(await recordUntilFull(store) < 20, true);
      assertEquals(await store.deleteUser({ ...ALICE, userId: "carol" }), true);
    }
    disk.clear();
    {
      await using store = await openOn(disk, keys, clock);
      await store.record(EVENT);
    }
    disk.fill(0);
    {
      await using store = await openOn(disk, keys, clock);
      await recordUntilFull(store);
      assertEquals(await store.deleteUser({ ...ALICE, userId: "dave" }), true);
      clock.now += 11 * DAY_MS;
      await store.purge();
      assert(await recordUntilFull(store) > 1000);
      const { items } = await store.listEvents("default", { limit: 1 });
      assertEquals(items.length, 1);
      disk.clear();
      clock.now += 60_000;
      await store.putUser(ALICE, { name: "x".repeat(200) });
      for (let i = 0; i < 5000; i++) await store.record(EVENT);
    }
    assertEquals(Deno.statSync(disk.path("gallery/gallery.reserve")).size, 16 * MIB);
  },
);

/** Decisions of 50 a second that one purge deletes. */
const TOKENS = 180_000;
/** Counts of failures that one purge deletes. */
const TRIES = 20_000;
/** Templates of users that expire together. */
const TEMPLATES = [...Array(40).fill(120), 1000, 1000];

needs("mounts")("with a full disk, a purge of very many rows works", async () => {
  await using disk = await smallDisk(192 * MIB);
  const keys = parseTemplateKeys(makeTemplateKey());
  const clock = { now: 1000 };
  const database = openSqliteDatabase({ folder: disk.path("gallery"), now: () => clock.now });
  const options = { keys, now: () => clock.now, auditKeptMs: 10 * DAY_MS };
  await using store = await openSqlStore(database, options);
  const template = newTemplate(1, 512);
  for (const [i, count] of TEMPLATES.entries()) {
    const templates = Array.from({ length: count }, (_, j) => ({
      ...template,
      photo: new TextEncoder().encode(`${i} ${j}`.padEnd(32)),
    }));
    const user = { ...ALICE, userId: `user ${i}`, name: "N", expiresAt: 2000 };
    await store.importUsers([{ ...user, templates }]);
  }
  const count = async (table: string) => {
    const [row] = await database.transaction((transaction) =>
      transaction.query(`SELECT count(*) AS count FROM gallery_${table}`)
    );
    return row!["count"];
  };
  const part = TOKENS / 20;
  for (let i = 0; i < 20; i++) {
    await database.transaction((transaction) =>
      transaction.query(
        `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)
          INSERT INTO gallery_decisions (jti, expires_at)
            SELECT lower(hex(randomblob(18))), $2 + n FROM numbers`,
        part,
        i * part,
      )
    );
    await database.transaction((transaction) =>
      transaction.query(
        `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)
          INSERT INTO gallery_tries (subject, owner, failures, failed_at)
            SELECT randomblob(32), randomblob(32), 1, 1000 FROM numbers`,
        TRIES / 20,
      )
    );
  }
  assertEquals(await count("decisions"), TOKENS);
  disk.fill(MIB);
  await recordUntilFull(store);
  clock.now += 40 * DAY_MS;
  assertEquals(await store.purge(), TEMPLATES.length);
  for (const table of ["decisions", "tries", "users", "templates"]) {
    assertEquals(await count(table), 0, table);
  }
  assert(await recordUntilFull(store) > 1000);
});
