import { assertEquals, assertRejects } from "@std/assert";
import type { NewUser } from "../../../gallery/store/store.ts";
import { newTemplate } from "../../support/gallery_store.ts";
import { readAll, type StoreTest } from "./store_backend.ts";

const FILE = { sha256: "cd".repeat(32) };

/** Returns users of a file, with one template each. */
const users = (from: number, to: number): NewUser[] =>
  Array.from({ length: to - from }, (_, i) => ({
    collection: "default",
    userId: `user ${from + i}`,
    name: "N",
    templates: [newTemplate(from + i)],
  }));

/** Registers the tests of files that are imported once. */
export function testImports(test: StoreTest): void {
  test(
    "each user of a file is imported once, also when the user was deleted",
    async (store, clock) => {
      assertEquals(await store.importState(FILE), undefined);
      const part = { ...FILE, first: 0, again: false };
      assertEquals(await store.importUsers(users(0, 2), part), 2);
      assertEquals(await store.importState(FILE), { users: 2, importedAt: clock.now });
      await store.deleteUser({ collection: "default", userId: "user 1" });
      // The import was interrupted, and is repeated from the start.
      assertEquals(await store.importUsers(users(0, 3), part), 1);
      assertEquals(await store.importUsers(users(0, 2), part), 0);
      assertEquals((await readAll(store)).map(({ userId }) => userId), ["user 0", "user 2"]);
      assertEquals((await store.importState(FILE))?.users, 3);
    },
  );

  test("a file is imported again on demand, or into another collection", async (store) => {
    const part = { ...FILE, first: 0, again: false };
    await store.importUsers(users(0, 2), part);
    await store.deleteUser({ collection: "default", userId: "user 0" });
    assertEquals(await store.importUsers(users(0, 2), { ...part, again: true }), 1);
    const other = { ...part, collection: "other" };
    const moved = users(0, 2).map((user) => ({ ...user, collection: "other" }));
    assertEquals(await store.importUsers(moved, other), 2);
    assertEquals((await store.importState(other))?.users, 2);
    assertEquals((await readAll(store)).length, 4);
  });

  test("an import that fails, or skips users of the file, is not remembered", async (store) => {
    const bad = [...users(0, 1), { ...users(1, 2)[0]!, name: "\n" }];
    await assertRejects(
      () => store.importUsers(bad, { ...FILE, first: 0, again: false }),
      RangeError,
    );
    await assertRejects(
      () => store.importUsers(users(1, 2), { ...FILE, first: 1, again: false }),
      RangeError,
      "Only 0 users of the file are imported",
    );
    assertEquals(await store.importState(FILE), undefined);
    assertEquals(await readAll(store), []);
  });

  test("two imports of one file at the same time store each user once", async (store) => {
    const importAll = async () => {
      let added = 0;
      for (const first of [0, 2, 4]) {
        added += await store.importUsers(users(first, first + 2), { ...FILE, first, again: false });
      }
      return added;
    };
    const [one, other] = await Promise.all([importAll(), importAll()]);
    assertEquals(one + other, 6);
    assertEquals((await store.importState(FILE))?.users, 6);
  });
}
