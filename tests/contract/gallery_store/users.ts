/** The behaviour of every store: users and their fields. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeCursor } from "../../../gallery/store/page_cursor.ts";
import { BadCursor, ConsentMissing } from "../../../gallery/store/store.ts";
import { newTemplate } from "../../support/gallery_store.ts";
import { ALICE, BOB, readAll, type StoreTest } from "./store_backend.ts";

/** Registers the tests. */
export function testUsers(test: StoreTest): void {
  test("nobody gets a template without the consent that is required", async (store) => {
    assertEquals(store.requiresConsent, true);
    const missing = (made: Promise<unknown>) => assertRejects(() => made, ConsentMissing);
    await store.putUser(ALICE, { name: "Alice" });
    await missing(store.addTemplate(ALICE, newTemplate(1)));
    await missing(store.importUsers([{ ...BOB, name: "Bob", templates: [newTemplate(1)] }]));
    await store.putUser(ALICE, { name: "Alice", consentRef: "c-1" });
    assertEquals((await store.addTemplate(ALICE, newTemplate(1))).kind, "stored");
    await missing(store.putUser(ALICE, { name: "Alice B" }));
    await missing(store.importUsers([{ ...ALICE, name: "Alice B", templates: [] }]));
    assertEquals((await readAll(store)).map(({ name, templates }) => [name, templates.length]), [
      ["Alice", 1],
    ]);
    await store.importUsers([
      { ...ALICE, name: "Alice B", consentRef: "c-2", templates: [newTemplate(2)] },
      { ...BOB, name: "Bob", templates: [] },
    ]);
    assertEquals((await store.getUser(ALICE))?.templates, 2);
  }, { requireConsent: true });

  test("a user is created, read, replaced and deleted", async (store, clock) => {
    assertEquals(await store.getUser(ALICE), undefined);
    const { created, user } = await store.putUser(ALICE, { name: "Alice", consentRef: "c-1" });
    assert(created);
    assertEquals(user, {
      ...ALICE,
      name: "Alice",
      consentRef: "c-1",
      createdAt: 1_000_000,
      updatedAt: 1_000_000,
      templates: 0,
    });
    assertEquals(await store.getUser(ALICE), user);
    clock.now += 5;
    const replaced = await store.putUser(ALICE, { name: "Alice B", expiresAt: 2_000_000 });
    assertEquals(replaced, {
      created: false,
      user: {
        ...ALICE,
        name: "Alice B",
        expiresAt: 2_000_000,
        createdAt: 1_000_000,
        updatedAt: 1_000_005,
        templates: 0,
      },
    });
    assertEquals(await store.getUser(ALICE), replaced.user);
    assertEquals(await store.deleteUser(ALICE), true);
    assertEquals(await store.getUser(ALICE), undefined);
  });

  test("the same PUT and DELETE again change nothing", async (store, clock) => {
    const { user } = await store.putUser(ALICE, { name: "Alice" });
    const position = await store.position();
    clock.now++;
    assertEquals(await store.putUser(ALICE, { name: "Alice" }), { created: false, user });
    assertEquals(await store.position(), position);
    await store.deleteUser(ALICE);
    const deleted = await store.position();
    assertEquals(await store.deleteUser(ALICE), false);
    assertEquals(await store.position(), deleted);
    assert(deleted.n > position.n && deleted.id !== position.id);
  });

  test("with keepsExpiry, a user expires at the same time or later", async (store, clock) => {
    const keepsExpiry = { keepsExpiry: true };
    const put = async (expiresAt: number | undefined, options?: typeof keepsExpiry) => {
      const fields = { name: "Alice", ...(expiresAt !== undefined && { expiresAt }) };
      const { user, shortens } = await store.putUser(ALICE, fields, options);
      assertEquals(await store.getUser(ALICE), user);
      return [user.expiresAt, shortens];
    };
    const end = clock.now + 100;
    assertEquals(await put(end, keepsExpiry), [end, undefined]);
    const position = await store.position();
    assertEquals(await put(end - 1, keepsExpiry), [end, true]);
    assertEquals(await store.position(), position);
    assertEquals(await put(end, keepsExpiry), [end, undefined]);
    assertEquals(await put(end + 1, keepsExpiry), [end + 1, undefined]);
    assertEquals(await put(undefined, keepsExpiry), [undefined, undefined]);
    assertEquals(await put(end, keepsExpiry), [undefined, true]);
    assertEquals(await put(end), [end, undefined]);
    // Who has expired is nobody, so there is nothing to shorten.
    clock.now = end;
    assertEquals(await put(end + 1, keepsExpiry), [end + 1, undefined]);
  });

  test("a PUT of new users only leaves a user who is there as it is", async (store, clock) => {
    const onlyNew = { onlyNew: true };
    const { created, user } = await store.putUser(ALICE, { name: "Alice" }, onlyNew);
    assert(created);
    await store.addTemplate(ALICE, newTemplate(1));
    const position = await store.position();
    clock.now++;
    const expiresAt = clock.now + 10;
    const again = await store.putUser(ALICE, { name: "Another Alice", expiresAt }, onlyNew);
    assertEquals(again, { created: false, user: { ...user, templates: 1 } });
    assertEquals(await store.getUser(ALICE), again.user);
    assertEquals(await store.position(), position);

    // Whoever has expired, or is deleted, is new again.
    await store.putUser(ALICE, { name: "Alice", expiresAt });
    clock.now = expiresAt;
    const fresh = await store.putUser(ALICE, { name: "Another Alice" }, onlyNew);
    assertEquals([fresh.created, fresh.user.name, fresh.user.templates], [
      true,
      "Another Alice",
      0,
    ]);
    await store.deleteUser(ALICE);
    assert((await store.putUser(ALICE, { name: "Alice" }, onlyNew)).created);
    // Another collection has other users.
    const other = { ...ALICE, collection: "other" };
    assert((await store.putUser(other, { name: "Alice" }, onlyNew)).created);
  });

  test("of PUTs of one new user at the same time, one creates the user", async (store) => {
    const names = Array.from({ length: 8 }, (_, i) => `Alice ${i}`);
    const results = await Promise.all(
      names.map((name) => store.putUser(ALICE, { name }, { onlyNew: true })),
    );
    const winners = results.filter(({ created }) => created);
    assertEquals(winners.length, 1);
    assertEquals(await store.getUser(ALICE), winners[0]!.user);
    for (const { user } of results) assertEquals(user, winners[0]!.user);
  });

  test("collections do not see each other", async (store) => {
    const other = { ...ALICE, collection: "other" };
    await store.putUser(ALICE, { name: "Alice" });
    await store.putUser(other, { name: "Another Alice" });
    await store.addTemplate(other, newTemplate(1));
    assertEquals(await store.listCollections(), ["default", "other"]);
    assertEquals((await store.getUser(ALICE))?.templates, 0);
    assertEquals((await store.listUsers("other", { limit: 9 })).items.length, 1);
    assertEquals(await store.countByModel("default"), []);
    assertEquals((await readAll(store, "other")).map(({ name }) => name), ["Another Alice"]);
    assertEquals((await readAll(store)).length, 2);
    await store.deleteUser(ALICE);
    assertEquals(await store.listCollections(), ["other"]);
    assertEquals((await store.listTemplates(other))?.length, 1);
  });

  test("users are listed in the order of their ids, page by page", async (store) => {
    // Sorted by UTF-8 bytes. By UTF-16 units, the last two would change places.
    const ids = ["Zoe", "alice", "bob b", "élise", "\uff41", "\u{1f642}"];
    for (const userId of ids.toReversed()) {
      await store.putUser({ collection: "default", userId }, { name: "N" });
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.listUsers("default", {
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.items.map(({ userId }) => userId));
      cursor = page.next;
      // A user that is deleted between two pages moves no other user.
      await store.deleteUser({ collection: "default", userId: seen[0]! });
    } while (cursor !== undefined);
    assertEquals(seen, ids);
  });

  test("a cursor that no page had is refused", async (store) => {
    // A client can make cursors of any text, also of one that PostgreSQL refuses.
    const made = ["", "a\u0000b", "a\nb", "x".repeat(257)].map(encodeCursor);
    const others = ["", "x", "dXNlcnMgMSBhbA=", "!!", "dXNlcnMgMiBhbA", "_w"];
    for (const cursor of [...others, ...made]) {
      await assertRejects(() => store.listUsers("default", { limit: 2, cursor }), BadCursor);
    }
  });

  test("a page has at least one user", async (store) => {
    await store.putUser(ALICE, { name: "Alice" });
    for (const limit of [0, -1, 1.5, NaN, Infinity]) {
      await assertRejects(() => store.listUsers("default", { limit }), RangeError);
    }
  });

  test("a user that has expired does not exist, without a purge", async (store, clock) => {
    await store.putUser(ALICE, { name: "Alice", expiresAt: clock.now + 10 });
    await store.putUser(BOB, { name: "Bob" });
    await store.addTemplate(ALICE, newTemplate(1));
    const before = await store.position();
    clock.now += 10;
    assertEquals(await store.getUser(ALICE), undefined);
    assertEquals(await store.listTemplates(ALICE), undefined);
    assertEquals(await store.addTemplate(ALICE, newTemplate(2)), { kind: "no_such_user" });
    assertEquals((await store.listUsers("default", { limit: 9 })).items.length, 1);
    assertEquals((await readAll(store)).map(({ userId }) => userId), ["bob"]);
    const { created, user } = await store.putUser(ALICE, { name: "Alice" });
    assert(created);
    assertEquals(user.templates, 0);
    assertEquals(await store.listTemplates(ALICE), []);
    const changes = await store.changesSince(before);
    assert(changes.kind === "changes");
    assertEquals(changes.users.map(({ user }) => user?.templates), [[]]);
  });

  test("texts that a database would change, and user_ids that are not in NFC, are refused", async (store) => {
    for (const userId of ["", "a\u0000b", "\ud800", "x".repeat(257), "Rene\u0301"]) {
      const key = { collection: "default", userId };
      for (
        const act of [
          () => store.putUser(key, { name: "N" }),
          () => store.deleteUser(key),
          () => store.getUser(key),
          () => store.listTemplates(key),
          () => store.addTemplate(key, newTemplate(1)),
          () => store.deleteTemplate(key, "t"),
          () => store.importUsers([{ ...key, name: "N", templates: [] }]),
        ]
      ) {
        await assertRejects(act, RangeError);
      }
    }
  });
}
