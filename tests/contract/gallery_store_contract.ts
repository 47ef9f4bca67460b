/** The behaviour of every store of the gallery: one suite of tests for all databases. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ConfigError } from "../../shared/env.ts";
import type { StoreOptions } from "../../gallery/store/sql_store.ts";
import {
  BadCursor,
  type GalleryStore,
  type IndexedUser,
  MAX_IMPORTED_USERS,
  type Position,
} from "../../gallery/store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../gallery/store/template_keys.ts";
import { MODEL, newTemplate } from "../support/gallery_store.ts";

/** A database under test, which is empty at first. Disposing of it removes the database. */
export interface StoreBackend extends AsyncDisposable {
  /** Opens the database. With SQLite, the store that was opened before must be closed. */
  open(options: StoreOptions): Promise<GalleryStore>;
}

/**
 * Registers the suite for one database.
 *
 * @param backend Makes an empty database for one test
 * @param register Registers one test
 */
export function testGalleryStore(
  backend: () => Promise<StoreBackend>,
  register: (name: string, body: () => Promise<void>) => void,
): void {
  const keys = parseTemplateKeys(makeTemplateKey());
  const test = (
    name: string,
    body: (store: GalleryStore, clock: { now: number }, backend: StoreBackend) => Promise<void>,
    options: Partial<StoreOptions> = {},
  ) =>
    register(name, async () => {
      await using opened = await backend();
      const clock = { now: 1_000_000 };
      await using store = await opened.open({ keys, now: () => clock.now, ...options });
      await body(store, clock, opened);
    });
  const alice = { collection: "default", userId: "alice" };
  const bob = { collection: "default", userId: "bob" };

  test("a user is created, read, replaced and deleted", async (store, clock) => {
    assertEquals(await store.getUser(alice), undefined);
    const { created, user } = await store.putUser(alice, { name: "Alice", consentRef: "c-1" });
    assert(created);
    assertEquals(user, {
      ...alice,
      name: "Alice",
      consentRef: "c-1",
      createdAt: 1_000_000,
      updatedAt: 1_000_000,
      templates: 0,
    });
    assertEquals(await store.getUser(alice), user);
    clock.now += 5;
    const replaced = await store.putUser(alice, { name: "Alice B", expiresAt: 2_000_000 });
    assertEquals(replaced, {
      created: false,
      user: {
        ...alice,
        name: "Alice B",
        expiresAt: 2_000_000,
        createdAt: 1_000_000,
        updatedAt: 1_000_005,
        templates: 0,
      },
    });
    assertEquals(await store.getUser(alice), replaced.user);
    assertEquals(await store.deleteUser(alice), true);
    assertEquals(await store.getUser(alice), undefined);
  });

  test("the same PUT and DELETE again change nothing", async (store, clock) => {
    const { user } = await store.putUser(alice, { name: "Alice" });
    const position = await store.position();
    clock.now++;
    assertEquals(await store.putUser(alice, { name: "Alice" }), { created: false, user });
    assertEquals(await store.position(), position);
    await store.deleteUser(alice);
    const deleted = await store.position();
    assertEquals(await store.deleteUser(alice), false);
    assertEquals(await store.position(), deleted);
    assert(deleted.n > position.n && deleted.id !== position.id);
  });

  test("collections do not see each other", async (store) => {
    const other = { ...alice, collection: "other" };
    await store.putUser(alice, { name: "Alice" });
    await store.putUser(other, { name: "Another Alice" });
    await store.addTemplate(other, newTemplate(1));
    assertEquals(await store.listCollections(), ["default", "other"]);
    assertEquals((await store.getUser(alice))?.templates, 0);
    assertEquals((await store.listUsers("other", { limit: 9 })).items.length, 1);
    assertEquals(await store.countByModel("default"), []);
    assertEquals((await readAll(store, "other")).map(({ name }) => name), ["Another Alice"]);
    assertEquals((await readAll(store)).length, 2);
    await store.deleteUser(alice);
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
    for (const cursor of ["", "x", "dXNlcnMgMSBhbA=", "!!", "dXNlcnMgMiBhbA", "_w"]) {
      await assertRejects(() => store.listUsers("default", { limit: 2, cursor }), BadCursor);
    }
  });

  test("a photo makes one template of a user for each model", async (store) => {
    await store.putUser(alice, { name: "Alice" });
    await store.putUser(bob, { name: "Bob" });
    const first = await store.addTemplate(alice, newTemplate(1));
    assert(first.kind === "stored" && first.added);
    const position = await store.position();
    assertEquals(await store.addTemplate(alice, newTemplate(1)), { ...first, added: false });
    assertEquals(await store.position(), position);
    const otherModel = await store.addTemplate(alice, {
      ...newTemplate(1),
      model: "cd".repeat(32),
    });
    assert(otherModel.kind === "stored" && otherModel.added);
    const otherUser = await store.addTemplate(bob, newTemplate(1));
    assert(otherUser.kind === "stored" && otherUser.added);
    assertEquals(await store.listTemplates(alice), [first.template, otherModel.template]);
    assertEquals((await store.getUser(alice))?.templates, 2);
    assertEquals(await store.countByModel("default"), [
      { model: MODEL, users: 2, templates: 2 },
      { model: "cd".repeat(32), users: 1, templates: 1 },
    ]);
  });

  test("a template is deleted alone, and its photo can be added again", async (store) => {
    await store.putUser(alice, { name: "Alice" });
    await store.putUser(bob, { name: "Bob" });
    const [one, two] = [
      await store.addTemplate(alice, newTemplate(1)),
      await store.addTemplate(alice, newTemplate(2)),
    ];
    assert(one.kind === "stored" && two.kind === "stored");
    const { templateId } = one.template;
    assertEquals(await store.deleteTemplate(bob, templateId), false);
    assertEquals(await store.deleteTemplate(alice, templateId), true);
    assertEquals(await store.deleteTemplate(alice, templateId), false);
    assertEquals(await store.listTemplates(alice), [two.template]);
    const again = await store.addTemplate(alice, newTemplate(1));
    assert(again.kind === "stored" && again.added && again.template.templateId !== templateId);
  });

  test("templates need their user, and go with the user", async (store) => {
    assertEquals(await store.addTemplate(alice, newTemplate(1)), { kind: "no_such_user" });
    assertEquals(await store.listTemplates(alice), undefined);
    await store.putUser(alice, { name: "Alice" });
    assertEquals(await store.listTemplates(alice), []);
    await store.addTemplate(alice, newTemplate(1));
    await store.deleteUser(alice);
    await store.putUser(alice, { name: "Alice" });
    assertEquals(await store.listTemplates(alice), []);
  });

  test("the number of a user's templates is limited", async (store) => {
    await store.putUser(alice, { name: "Alice" });
    for (const seed of [1, 2]) await store.addTemplate(alice, newTemplate(seed));
    const result = await store.addTemplate(alice, newTemplate(3));
    assertEquals(result, { kind: "too_many_templates", limit: 2 });
    assertEquals((await store.addTemplate(alice, newTemplate(2))).kind, "stored");
  }, { maxTemplates: 2 });

  test("a template that was checked against an older gallery is not stored", async (store) => {
    await store.putUser(alice, { name: "Alice" });
    const before = await store.position();
    await store.putUser(bob, { name: "Bob" });
    assertEquals(await store.addTemplate(alice, newTemplate(1), before), { kind: "moved" });
    assertEquals(await store.listTemplates(alice), []);
    const now = await store.position();
    assertEquals((await store.addTemplate(alice, newTemplate(1), now)).kind, "stored");
    // The template is there already, whatever has changed since.
    assertEquals((await store.addTemplate(alice, newTemplate(1), before)).kind, "stored");
  });

  test("the index gets the same embeddings as were stored", async (store, _, opened) => {
    await store.putUser(alice, { name: "Alice", expiresAt: 9_000_000 });
    await store.putUser(bob, { name: "Bob" });
    const template = newTemplate(7);
    await store.addTemplate(alice, template);
    const check = async (store: GalleryStore) => {
      const [first, second, ...others] = await readAll(store);
      assertEquals(others, []);
      assertEquals(second, { ...bob, name: "Bob", templates: [] });
      const { templates: [stored], ...fields } = first!;
      assertEquals(fields, { ...alice, name: "Alice", expiresAt: 9_000_000 });
      assertEquals(stored?.embedding, template.embedding);
      assertEquals(stored?.photo, template.photo);
      assertEquals(stored?.model, template.model);
    };
    await check(store);
    await store[Symbol.asyncDispose]();
    await using reopened = await opened.open({ keys, now: () => 1_000_000 });
    await check(reopened);
  });

  test("more users than one statement reads are all read, each once", async (store) => {
    const ids = Array.from({ length: 7 }, (_, i) => `user ${i}`);
    const users = ids.map((userId) => ({
      collection: userId < "user 4" ? "a" : "b",
      userId,
      name: "N",
      templates: [],
    }));
    await store.importUsers(users);
    const read = await readAll(store);
    assertEquals(read.map(({ userId }) => userId), ids);
    assertEquals((await readAll(store, "a")).map(({ userId }) => userId), ids.slice(0, 4));
  }, { usersPerStatement: 3 });

  test("an import stores all of it or nothing, and again changes nothing", async (store) => {
    await store.putUser(alice, { name: "Alice" });
    await store.addTemplate(alice, newTemplate(1));
    const start = await store.position();
    const users = [
      { ...alice, name: "Alice", templates: [newTemplate(1), newTemplate(2)] },
      { ...bob, name: "Bob", consentRef: "c", templates: [newTemplate(3)] },
    ];
    const bad = { collection: "default", userId: "carol", name: "\n", templates: [] };
    await assertRejects(() => store.importUsers([...users, bad]), RangeError);
    const tooMany = Array.from({ length: MAX_IMPORTED_USERS + 1 }, () => users[0]!);
    await assertRejects(() => store.importUsers(tooMany), RangeError);
    assertEquals(await store.position(), start);
    assertEquals(await store.importUsers(users), 2);
    assertEquals((await store.listTemplates(alice))?.length, 2);
    assertEquals((await store.getUser(bob))?.consentRef, "c");
    const position = await store.position();
    assertEquals(await store.importUsers(users), 0);
    assertEquals(await store.position(), position);
    // What one store reads, another can import.
    const copy = (await readAll(store)).map((user) => ({ ...user, collection: "copy" }));
    assertEquals(await store.importUsers(copy), 3);
    assertEquals(
      (await store.addTemplate({ ...bob, collection: "copy" }, newTemplate(3))).kind,
      "stored",
    );
    assertEquals((await store.getUser({ ...bob, collection: "copy" }))?.templates, 1);
  });

  test("a user that has expired does not exist, without a purge", async (store, clock) => {
    await store.putUser(alice, { name: "Alice", expiresAt: clock.now + 10 });
    await store.putUser(bob, { name: "Bob" });
    await store.addTemplate(alice, newTemplate(1));
    const before = await store.position();
    clock.now += 10;
    assertEquals(await store.getUser(alice), undefined);
    assertEquals(await store.listTemplates(alice), undefined);
    assertEquals(await store.addTemplate(alice, newTemplate(2)), { kind: "no_such_user" });
    assertEquals((await store.listUsers("default", { limit: 9 })).items.length, 1);
    assertEquals((await readAll(store)).map(({ userId }) => userId), ["bob"]);
    const { created, user } = await store.putUser(alice, { name: "Alice" });
    assert(created);
    assertEquals(user.templates, 0);
    assertEquals(await store.listTemplates(alice), []);
    const changes = await store.changesSince(before);
    assert(changes.kind === "changes");
    assertEquals(changes.users.map(({ user }) => user?.templates), [[]]);
  });

  test("a purge deletes expired users, and tells the readers", async (store, clock) => {
    await store.putUser(alice, { name: "Alice", expiresAt: clock.now + 10 });
    await store.putUser(bob, { name: "Bob", expiresAt: clock.now + 11 });
    const before = await store.position();
    clock.now += 10;
    assertEquals(await store.purge(), 1);
    assertEquals(await store.purge(), 0);
    const changes = await store.changesSince(before);
    assert(changes.kind === "changes");
    assertEquals(changes.users, [{ ...alice, user: undefined }]);
    assertEquals(await store.deleteUser(bob), true);
  });

  test("a reader gets each changed user once, with its present state", async (store) => {
    await store.putUser(bob, { name: "Bob" });
    const start = await store.position();
    assertEquals(await store.changesSince(start), {
      kind: "changes",
      position: start,
      users: [],
      more: false,
    });
    await store.putUser(alice, { name: "Alice" });
    await store.addTemplate(alice, newTemplate(1));
    await store.deleteUser(bob);
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

  test(
    "a reader of another history, or of one that was pruned, reads everything again",
    async (store) => {
      const start = await store.position();
      for (const name of ["A", "B", "C", "D"]) await store.putUser(alice, { name });
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

  test("each token is decided once", async (store, clock) => {
    const position = await store.position();
    const decision = { jti: "j-1", expiresAt: clock.now + 100, position };
    assertEquals(await store.decide(decision), { kind: "decided" });
    assertEquals(await store.decide(decision), { kind: "replayed" });
    assertEquals(await store.decide({ ...decision, jti: "j-2" }), { kind: "decided" });
    // Also after the row is gone.
    clock.now += 1_000_000;
    await store.purge();
    assertEquals(await store.decide(decision), { kind: "replayed" });
  });

  test("of many decisions of one token at the same time, one wins", async (store, clock) => {
    const position = await store.position();
    const decision = { jti: "j-1", expiresAt: clock.now + 100, position };
    const results = await Promise.all(Array.from({ length: 20 }, () => store.decide(decision)));
    assertEquals(results.filter(({ kind }) => kind === "decided").length, 1);
    assertEquals(results.filter(({ kind }) => kind === "replayed").length, 19);
  });

  test(
    "a decision on an older gallery is not stored, and its token is not used up",
    async (store, clock) => {
      const position = await store.position();
      await store.putUser(alice, { name: "Alice" });
      const decision = { jti: "j-1", expiresAt: clock.now + 100, position };
      assertEquals(await store.decide({ ...decision, matched: alice }), { kind: "moved" });
      assertEquals((await store.getUser(alice))?.lastSeenAt, undefined);
      const changes = await store.changesSince(position);
      assert(changes.kind === "changes");
      const again = { ...decision, position: changes.position };
      assertEquals(await store.decide(again), { kind: "decided" });
      // Equal numbers of two histories differ in their ids.
      const foreign = { n: changes.position.n, id: position.id };
      assertEquals(await store.decide({ ...decision, jti: "j-2", position: foreign }), {
        kind: "moved",
      });
    },
  );

  test("a match sets the user's time of last match, to the minute", async (store, clock) => {
    clock.now = 10 * 60_000 + 5;
    await store.putUser(alice, { name: "Alice" });
    const position = await store.position();
    const decide = (jti: string) =>
      store.decide({ jti, expiresAt: clock.now + 100, position, matched: alice });
    assertEquals(await decide("j-1"), { kind: "decided" });
    assertEquals((await store.getUser(alice))?.lastSeenAt, 10 * 60_000);
    clock.now += 60_000;
    // It is no change of the gallery, and a replay does not set it.
    assertEquals(await decide("j-1"), { kind: "replayed" });
    assertEquals((await store.getUser(alice))?.lastSeenAt, 10 * 60_000);
    assertEquals(await decide("j-2"), { kind: "decided" });
    assertEquals((await store.getUser(alice))?.lastSeenAt, 11 * 60_000);
    await store.putUser(alice, { name: "Alice B" });
    assertEquals((await store.getUser(alice))?.lastSeenAt, 11 * 60_000);
  });

  test(
    "templates of an older key are encrypted again, and then the key can go",
    async (store, clock, opened) => {
      await store.putUser(alice, { name: "Alice" });
      for (const seed of [1, 2, 3]) await store.addTemplate(alice, newTemplate(seed));
      const before = await readAll(store);
      const position = await store.position();
      await store[Symbol.asyncDispose]();
      const [newKey] = parseTemplateKeys(makeTemplateKey());
      const now = () => clock.now;
      const needed = await assertRejects(() => opened.open({ keys: [newKey], now }), ConfigError);
      assertMatch(needed.message, new RegExp(`^Template keys: .*${keys[0].id}$`));
      {
        await using both = await opened.open({ keys: [newKey, keys[0]], now });
        assertEquals(await readAll(both), before);
        assertEquals(await both.reencrypt(2), 2);
        assertEquals(await readAll(both), before);
        // The photos are still known.
        const known = await both.addTemplate(alice, newTemplate(2));
        assert(known.kind === "stored" && !known.added);
      }
      const missing = await assertRejects(() => opened.open({ keys: [newKey], now }), ConfigError);
      assertMatch(missing.message, /has encrypted 1 templates, is missing$/);
      {
        await using both = await opened.open({ keys: [newKey, keys[0]], now });
        assertEquals(await both.reencrypt(2), 1);
        assertEquals(await both.reencrypt(2), 0);
        assertEquals(await both.position(), position);
      }
      await using alone = await opened.open({ keys: [newKey], now });
      assertEquals(await readAll(alone), before);
      const known = await alone.addTemplate(alice, newTemplate(2));
      assert(known.kind === "stored" && !known.added);
    },
  );

  test(
    "keys that do not fit the database stop the start with one line",
    async (store, _, opened) => {
      await store[Symbol.asyncDispose]();
      const wrong = parseTemplateKeys(makeTemplateKey());
      const error = await assertRejects(() => opened.open({ keys: wrong }), ConfigError);
      assertEquals(
        error.message,
        `Template keys: none of them fits the gallery's database. It needs the key ${keys[0].id}`,
      );
    },
  );

  test("texts that a database would change are refused", async (store) => {
    for (const userId of ["", "a\u0000b", "\ud800", "x".repeat(257)]) {
      const key = { collection: "default", userId };
      for (
        const act of [
          () => store.putUser(key, { name: "N" }),
          () => store.deleteUser(key),
          () => store.getUser(key),
        ]
      ) {
        await assertRejects(act, RangeError);
      }
    }
  });
}

/** Returns all users of a store. */
export async function readAll(store: GalleryStore, collection?: string): Promise<IndexedUser[]> {
  return await Array.fromAsync(store.readUsers(collection));
}
