/** The behaviour of every store: changes, for readers that keep a copy in memory. */

import { assert, assertEquals } from "@std/assert";
import type { Position } from "../../../gallery/store/store.ts";
import { newTemplate } from "../../support/gallery_store.ts";
import { ALICE, BOB, type StoreTest } from "./store_backend.ts";

/** Registers the tests. */
export function testChanges(test: StoreTest): void {
  test("a purge deletes expired users, and tells the readers", async (store, clock) => {
    await store.putUser(ALICE, { name: "Alice", expiresAt: clock.now + 10 });
    await store.putUser(BOB, { name: "Bob", expiresAt: clock.now + 11 });
    const before = await store.position();
    clock.now += 10;
    assertEquals(await store.purge(), 1);
    assertEquals(await store.purge(), 0);
    const changes = await store.changesSince(before);
    assert(changes.kind === "changes");
    assertEquals(changes.users, [{ ...ALICE, user: undefined }]);
    assertEquals(await store.deleteUser(BOB), true);
  });

  test("a purge in many small transactions deletes everything", async (store, clock) => {
    for (let i = 0; i < 7; i++) {
      const user = { collection: "default", userId: `user ${i}` };
      await store.putUser(user, { name: "N", expiresAt: clock.now + 10 });
      for (let j = 0; j < i % 4; j++) await store.addTemplate(user, newTemplate(10 * i + j));
      await store.useToken({ jti: `j-${i}`, expiresAt: clock.now + 10 });
      await store.countFailure({ ...user, clientRef: `${i}` });
    }
    await store.putUser(ALICE, { name: "Alice" });
    clock.now += 40 * 24 * 60 * 60 * 1000;
    assertEquals(await store.purge(), 7);
    assertEquals(await store.purge(), 0);
    const { items } = await store.listUsers("default", { limit: 10 });
    assertEquals(items.map(({ userId }) => userId), ["alice"]);
    for (let i = 0; i < 7; i++) {
      // The store does not know the tokens any more.
      const token = { jti: `j-${i}`, expiresAt: clock.now + 10 };
      assertEquals(await store.useToken(token), true);
    }
    assertEquals(await store.countByModel("default"), []);
  }, { rowsPerPurge: 2 });

  test("a reader gets each changed user once, with its present state", async (store) => {
    await store.putUser(BOB, { name: "Bob" });
    const start = await store.position();
    assertEquals(await store.changesSince(start), {
      kind: "changes",
      position: start,
      users: [],
      more: false,
    });
    await store.putUser(ALICE, { name: "Alice" });
    await store.addTemplate(ALICE, newTemplate(1));
    await store.deleteUser(BOB);
    const changes = await store.changesSince(start);
    assert(changes.kind === "changes");
    assertEquals(changes.position, await store.position());
    assertEquals(changes.users.map(({ userId, user }) => [userId, user?.templates.length]), [
      ["alice", 1],
      ["bob", undefined],
    ]);
  });

  test("many changes come in parts", async (store) => {
    let position = await store.position();
    const expected = new Set<string>();
    for (let i = 0; i < 7; i++) {
      await store.putUser({ collection: "default", userId: `user ${i}` }, { name: "N" });
      expected.add(`user ${i}`);
    }
    const sizes: number[] = [];
    for (;;) {
      const changes = await store.changesSince(position);
      assert(changes.kind === "changes");
      for (const { userId } of changes.users) assert(expected.delete(userId));
      sizes.push(changes.users.length);
      position = changes.position;
      if (!changes.more) break;
    }
    assertEquals(sizes, [3, 3, 1]);
    assertEquals(position, await store.position());
  }, { changesPerRead: 3 });

  test("a purge deletes changes by their age, and no reader misses one", async (store, clock) => {
    await store.putUser(ALICE, { name: "Alice" });
    const first = await store.position();
    clock.now += 10;
    await store.deleteUser(ALICE);
    const second = await store.position();
    clock.now += 995;
    await store.purge();
    // The first change is too old, and the second is not.
    assertEquals(await store.changesSince(first), { kind: "rebuild" });
    const none = { kind: "changes", position: second, users: [], more: false } as const;
    assertEquals(await store.changesSince(second), none);
    await store.putUser(BOB, { name: "Bob" });
    const third = await store.position();
    clock.now += 1000;
    for (let i = 0; i < 2; i++) {
      await store.purge();
      assertEquals(await store.changesSince(second), { kind: "rebuild" });
      assertEquals(await store.changesSince(third), { ...none, position: third });
    }
    // The next change is read as usual.
    await store.putUser(ALICE, { name: "Alice" });
    const changes = await store.changesSince(third);
    assert(changes.kind === "changes");
    assertEquals(changes.users.map(({ userId }) => userId), ["alice"]);
  }, { changesKeptMs: 1000 });

  test(
    "a reader of another history, or of one that was pruned, reads everything again",
    async (store) => {
      const start = await store.position();
      for (const name of ["A", "B", "C", "D"]) await store.putUser(ALICE, { name });
      const now = await store.position();
      const rebuild = { kind: "rebuild" } as const;
      const unknown: Position[] = [
        { n: now.n + 1, id: now.id },
        { n: now.n, id: start.id },
        { n: start.n, id: now.id },
        { n: -1, id: start.id },
      ];
      for (const position of unknown) assertEquals(await store.changesSince(position), rebuild);
      assertEquals((await store.changesSince(start)).kind, "changes");
      await store.purge();
      assertEquals(await store.changesSince(start), rebuild);
      assertEquals((await store.changesSince(now)).kind, "changes");
    },
    { keptChanges: 2 },
  );
}
