/** The behaviour of every store: the audit. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { BadCursor, type GalleryStore } from "../../../gallery/store/store.ts";
import type { AuditQuery, StoredEvent } from "../../../gallery/audit/event.ts";
import { newTemplate } from "../../support/gallery_store.ts";
import { ALICE, BOB, type StoreTest } from "./store_backend.ts";

const ORIGIN = { key: "key-1", requestId: "request-1" };
const DAY_MS = 24 * 60 * 60 * 1000;

/** Returns all events of a collection, the oldest first. */
async function listAll(
  store: GalleryStore,
  query: Partial<AuditQuery> = {},
  collection = "default",
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let cursor: string | undefined = undefined;;) {
    const page = await store.listEvents(collection, { limit: 3, ...query, cursor });
    assert(page.items.length <= 3);
    events.push(...page.items);
    if (page.next === undefined) return events.reverse();
    cursor = page.next;
  }
}

const brief = ({ kind, outcome, userId, key }: StoredEvent) =>
  [kind, outcome, userId, key].filter((text) => text !== undefined).join(" ");

/** Registers the tests. */
export function testAudit(test: StoreTest): void {
  test("every change and decision has its event, with its origin", async (store, clock) => {
    await store.putUser(ALICE, { name: "Alice" }, { origin: ORIGIN });
    await store.putUser(ALICE, { name: "Alice" }, { origin: ORIGIN });
    await store.putUser(ALICE, { name: "Alice B" }, { origin: ORIGIN });
    const added = await store.addTemplate(ALICE, newTemplate(1), undefined, ORIGIN);
    await store.addTemplate(ALICE, newTemplate(1), undefined, ORIGIN);
    await store.addTemplate(BOB, newTemplate(1), undefined, ORIGIN);
    assert(added.kind === "stored");
    const event = { ...ORIGIN, collection: "default", kind: "decision" } as const;
    const token = { expiresAt: clock.now + 100, position: await store.position() };
    const matched = { ...event, outcome: "matched", userId: "alice" };
    await store.decide({ jti: "j-1", ...token, matched: ALICE, event: matched });
    await store.decide({ jti: "j-1", ...token, matched: ALICE, event: matched });
    const nobody = { ...event, outcome: "not_matched", userId: "nobody" };
    await store.decide({ jti: "j-2", ...token, event: nobody });
    await store.decide({ jti: "j-3", ...token, position: { n: 9, id: "x" }, event: nobody });
    await store.record({ ...ALICE, kind: "enrolment", outcome: "not_the_same_person" });
    await store.deleteTemplate(ALICE, added.template.templateId, ORIGIN);
    await store.deleteTemplate(ALICE, added.template.templateId);
    const events = await listAll(store);
    assertEquals(events.map(brief), [
      "user created alice key-1",
      "user unchanged alice key-1",
      "user updated alice key-1",
      "enrolment added alice key-1",
      "enrolment known alice key-1",
      "decision matched alice key-1",
      "decision not_matched key-1",
      "enrolment not_the_same_person alice",
      "template_deletion deleted alice key-1",
      "template_deletion not_found alice",
    ]);
    assertEquals(events[0], {
      ...ORIGIN,
      ...ALICE,
      kind: "user",
      outcome: "created",
      at: clock.now,
      chain: events[0]!.chain,
      seq: 1,
    });
    assertEquals(events.map(({ seq }) => seq), events.map((_, i) => i + 1));
    assertEquals(await listAll(store, {}, "other"), []);
  });

  test(
    "a user who is deleted or expires is nobody's in the audit, also when the id comes back",
    async (store, clock) => {
      await store.putUser(ALICE, { name: "Alice" });
      await store.putUser(BOB, { name: "Bob", expiresAt: clock.now + 100 });
      await store.deleteUser(ALICE, ORIGIN);
      await store.deleteUser(ALICE, ORIGIN);
      await store.putUser(ALICE, { name: "Another" });
      clock.now += 100;
      const present = ["user created", "user created", "deletion deleted key-1"];
      present.push("deletion user_not_found key-1", "user created alice");
      assertEquals((await listAll(store)).map(brief), present);
      await store.purge();
      assertEquals((await listAll(store)).map(brief), [...present, "deletion expired"]);
      assertEquals((await listAll(store, { userId: "alice" })).map(brief), ["user created alice"]);
      assertEquals(await listAll(store, { userId: "bob" }), []);
    },
  );

  test(
    "a failed change has no event, and the next one continues the audit",
    async (store, clock) => {
      await store.putUser(ALICE, { name: "Alice" });
      const checked = {
        at: await store.position(),
        createdAt: clock.now,
        again() {
          throw new TypeError("Refused");
        },
      };
      await assertRejects(() => store.addTemplate(ALICE, newTemplate(1), checked), TypeError);
      await store.deleteUser(ALICE);
      const events = await listAll(store);
      assertEquals(events.map(brief), ["user created", "deletion deleted"]);
      assertEquals(events.map(({ seq }) => seq), [1, 2]);
    },
  );

  test("an import records each user that it changes", async (store) => {
    const users = [
      { ...ALICE, name: "Alice", templates: [newTemplate(1)] },
      { ...BOB, name: "Bob", templates: [] },
    ];
    await store.importUsers(users);
    await store.importUsers(users);
    assertEquals((await listAll(store)).map(brief), [
      "enrolment imported alice",
      "user imported bob",
    ]);
  });

  test("events are listed by user, kind, key and time, in pages", async (store, clock) => {
    const start = clock.now;
    for (let i = 0; i < 8; i++) {
      const user = i % 2 === 0 ? ALICE : BOB;
      await store.putUser(user, { name: `N ${i}` }, { origin: { key: `key-${i % 4}` } });
      await store.record({ ...user, kind: "export", outcome: "exported" });
      clock.now++;
    }
    const count = async (query: Partial<AuditQuery>) => (await listAll(store, query)).length;
    assertEquals(await count({}), 16);
    assertEquals(await count({ userId: "alice" }), 8);
    assertEquals(await count({ userId: "carol" }), 0);
    assertEquals(await count({ kind: "export" }), 8);
    assertEquals(await count({ kind: "unlock" }), 0);
    assertEquals(await count({ key: "key-1" }), 2);
    assertEquals(await count({ userId: "bob", kind: "user", key: "key-1" }), 2);
    assertEquals(await count({ from: start + 2 }), 12);
    assertEquals(await count({ to: start + 2 }), 4);
    assertEquals(await count({ from: start + 2, to: start + 3, userId: "alice" }), 2);
    const times = (await listAll(store)).map(({ at }) => at);
    assertEquals(times, times.toSorted((a, b) => a - b));
    // Events that come while somebody reads do not shift the pages.
    const first = await store.listEvents("default", { limit: 3 });
    await store.record({ ...ALICE, kind: "export", outcome: "exported" });
    const second = await store.listEvents("default", { limit: 3, cursor: first.next });
    assertEquals(second.items.map(({ seq }) => seq), [13, 12, 11]);
    const users = await store.listUsers("default", { limit: 1 });
    for (const cursor of ["", "x", users.next!, `${first.next}=`, `${first.next}.`]) {
      await assertRejects(() => store.listEvents("default", { limit: 3, cursor }), BadCursor);
    }
    await assertRejects(() => store.listEvents("default", { limit: 0 }), RangeError);
  });

  test(
    "the heads of all chains are signed, and each of them again only when it has grown",
    async (store, _clock, backend) => {
      void backend;
      assertEquals(await store.signCheckpoints("all"), []);
      await store.putUser(ALICE, { name: "Alice" });
      await store.putUser(BOB, { name: "Bob" });
      assertEquals(store.unsignedEvents, 2);
      const [checkpoint, ...others] = await store.signCheckpoints("own");
      assertEquals([others.length, store.unsignedEvents], [0, 0]);
      assertEquals(checkpoint!.heads.map(([, seq]) => seq), [2]);
      assertEquals(await store.signCheckpoints("own"), []);
      assertEquals(await store.signCheckpoints("changed"), []);
      assertEquals((await store.signCheckpoints("all"))[0]!.heads, checkpoint!.heads);
    },
  );

  test("an unlock has its event, also when nothing was counted", async (store) => {
    await store.putUser(ALICE, { name: "Alice" });
    await store.unlock(ALICE, { key: "key-1", requestId: "request-1" });
    await store.unlock({ ...ALICE, userId: "nobody" });
    const [alice, nobody] = (await listAll(store)).slice(1);
    assertEquals(brief(alice!), "unlock unlocked alice key-1");
    assertEquals([nobody!.kind, nobody!.userId], ["unlock", undefined]);
  });

  test("old events are deleted after their time", async (store, clock) => {
    await store.putUser(ALICE, { name: "Alice" });
    clock.now += DAY_MS;
    await store.putUser(BOB, { name: "Bob" });
    await store.purge();
    assertEquals((await listAll(store)).map(brief), ["user created alice", "user created bob"]);
    clock.now += DAY_MS;
    await store.purge();
    assertEquals((await listAll(store)).map(brief), ["user created bob"]);
    clock.now += DAY_MS;
    await store.purge();
    assertEquals(await listAll(store), []);
    await store.deleteUser(BOB);
    assertEquals((await listAll(store)).map(({ seq }) => seq), [3]);
  }, { auditKeptMs: 2 * DAY_MS });
}
