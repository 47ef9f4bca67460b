/** The behaviour of every store: users' templates, and imports of both. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ChangedUser,
  type GalleryStore,
  MAX_IMPORTED_USERS,
  type Position,
} from "../../../gallery/store/store.ts";
import { MODEL_MANIFEST, sumsOf } from "../../../models/manifest.ts";
import { MODEL, newTemplate } from "../../support/gallery_store.ts";
import { ALICE, BOB, KEYS, readAll, type StoreTest } from "./store_backend.ts";

/** Registers the tests. */
export function testTemplates(test: StoreTest): void {
  test("a photo makes one template of a user for each model", async (store) => {
    await store.putUser(ALICE, { name: "Alice" });
    await store.putUser(BOB, { name: "Bob" });
    const first = await store.addTemplate(ALICE, newTemplate(1));
    assert(first.kind === "stored" && first.added);
    const position = await store.position();
    assertEquals(await store.addTemplate(ALICE, newTemplate(1)), { ...first, added: false });
    assertEquals(await store.position(), position);
    const otherModel = await store.addTemplate(ALICE, {
      ...newTemplate(1),
      model: "cd".repeat(32),
    });
    assert(otherModel.kind === "stored" && otherModel.added);
    const otherUser = await store.addTemplate(BOB, newTemplate(1));
    assert(otherUser.kind === "stored" && otherUser.added);
    assertEquals(await store.listTemplates(ALICE), [first.template, otherModel.template]);
    assertEquals((await store.getUser(ALICE))?.templates, 2);
    assertEquals(await store.countByModel("default"), [
      { model: MODEL, users: 2, templates: 2 },
      { model: "cd".repeat(32), users: 1, templates: 1 },
    ]);
  });

  test("files with the same recognition model are one model", async (store) => {
    const { small, sface } = MODEL_MANIFEST.models.recognition;
    for (const [i, first] of sumsOf(small).entries()) {
      const key = { collection: `c${i}`, userId: "alice" };
      const of = (model: string, seed = 1) => ({ ...newTemplate(seed), model });
      await store.putUser(key, { name: "Alice" });
      const stored = await store.addTemplate(key, of(first));
      assert(stored.kind === "stored" && stored.added);
      for (const model of sumsOf(small)) {
        assertEquals(await store.addTemplate(key, of(model)), { ...stored, added: false });
        const user = { ...key, name: "Alice", templates: [of(model)] };
        assertEquals(await store.importUsers([user]), 0);
        // Another photo, before and after an upgrade.
        await store.addTemplate(key, of(model, 2));
      }
      assertEquals((await store.getUser(key))?.templates, 2);
      const other = await store.addTemplate(key, of(sface.sha256));
      assert(other.kind === "stored" && other.added);
      const counts = await store.countByModel(key.collection);
      assertEquals(counts.map(({ templates, users }) => [templates, users]).toSorted(), [
        [1, 1],
        [2, 1],
      ]);
    }
  });

  test("a template is deleted alone, and its photo can be added again", async (store) => {
    await store.putUser(ALICE, { name: "Alice" });
    await store.putUser(BOB, { name: "Bob" });
    const [one, two] = [
      await store.addTemplate(ALICE, newTemplate(1)),
      await store.addTemplate(ALICE, newTemplate(2)),
    ];
    assert(one.kind === "stored" && two.kind === "stored");
    const { templateId } = one.template;
    assertEquals(await store.deleteTemplate(BOB, templateId), false);
    assertEquals(await store.deleteTemplate(ALICE, templateId), true);
    assertEquals(await store.deleteTemplate(ALICE, templateId), false);
    assertEquals(await store.listTemplates(ALICE), [two.template]);
    const again = await store.addTemplate(ALICE, newTemplate(1));
    assert(again.kind === "stored" && again.added && again.template.templateId !== templateId);
  });

  test("templates need their user, and go with the user", async (store) => {
    assertEquals(await store.addTemplate(ALICE, newTemplate(1)), { kind: "no_such_user" });
    assertEquals(await store.listTemplates(ALICE), undefined);
    await store.putUser(ALICE, { name: "Alice" });
    assertEquals(await store.listTemplates(ALICE), []);
    await store.addTemplate(ALICE, newTemplate(1));
    await store.deleteUser(ALICE);
    await store.putUser(ALICE, { name: "Alice" });
    assertEquals(await store.listTemplates(ALICE), []);
  });

  test("the number of a user's templates is limited", async (store) => {
    await store.putUser(ALICE, { name: "Alice" });
    for (const seed of [1, 2]) await store.addTemplate(ALICE, newTemplate(seed));
    const result = await store.addTemplate(ALICE, newTemplate(3));
    assertEquals(result, { kind: "too_many_templates", limit: 2 });
    assertEquals((await store.addTemplate(ALICE, newTemplate(2))).kind, "stored");
  }, { maxTemplates: 2 });

  test("a template for a user who was created again is not added", async (store, clock) => {
    const { user: { createdAt } } = await store.putUser(ALICE, { name: "Alice" });
    const at = await store.position();
    const checked = { at, createdAt, again: () => {} };
    clock.now += 1;
    await store.putUser(ALICE, { name: "Alice A." });
    assertEquals((await store.addTemplate(ALICE, newTemplate(1), checked)).kind, "stored");
    await store.deleteUser(ALICE);
    await store.putUser(ALICE, { name: "Another Alice" });
    assertEquals(await store.addTemplate(ALICE, newTemplate(1), checked), { kind: "no_such_user" });
    assertEquals(await store.listTemplates(ALICE), []);
  });

  test("a template that was checked against an older gallery is checked again", async (store) => {
    const { user: { createdAt } } = await store.putUser(ALICE, { name: "Alice" });
    const before = await store.position();
    await store.putUser(BOB, { name: "Bob" });
    const seen: string[] = [];
    const check = (at: Position, refuse = false) => ({
      at,
      createdAt,
      again(users: readonly ChangedUser[]) {
        seen.push(...users.map(({ user, userId }) => `${userId} ${user?.name}`));
        if (refuse) throw new RangeError("refused");
      },
    });
    await assertRejects(
      () => store.addTemplate(ALICE, newTemplate(1), check(before, true)),
      RangeError,
      "refused",
    );
    assertEquals(await store.listTemplates(ALICE), []);
    assertEquals(seen.splice(0), ["bob Bob"]);
    const added = await store.addTemplate(ALICE, newTemplate(1), check(before));
    assertEquals([added.kind, seen.splice(0)], ["stored", ["bob Bob"]]);
    // Nothing has changed since.
    const now = await store.position();
    await assertRejects(
      () => store.addTemplate(ALICE, newTemplate(2), check(now, true)),
      RangeError,
    );
    const second = await store.addTemplate(ALICE, newTemplate(2), check(now));
    assertEquals([second.kind, seen], ["stored", []]);
    // The template is there already, whatever has changed since.
    const again = await store.addTemplate(ALICE, newTemplate(1), check(before, true));
    assertEquals(again.kind, "stored");
    // The position belongs to another history.
    const foreign = { n: now.n, id: before.id };
    assertEquals(await store.addTemplate(ALICE, newTemplate(3), check(foreign)), { kind: "moved" });
  });

  test("the index gets the same embeddings as were stored", async (store, _, opened) => {
    await store.putUser(ALICE, { name: "Alice", expiresAt: 9_000_000 });
    await store.putUser(BOB, { name: "Bob" });
    const template = newTemplate(7);
    await store.addTemplate(ALICE, template);
    const check = async (store: GalleryStore) => {
      const [first, second, ...others] = await readAll(store);
      assertEquals(others, []);
      assertEquals(second, { ...BOB, name: "Bob", templates: [] });
      const { templates: [stored], ...fields } = first!;
      assertEquals(fields, { ...ALICE, name: "Alice", expiresAt: 9_000_000 });
      assertEquals(stored?.embedding, template.embedding);
      assertEquals(stored?.photo, template.photo);
      assertEquals(stored?.model, template.model);
    };
    await check(store);
    await store[Symbol.asyncDispose]();
    await using reopened = await opened.open({ keys: KEYS, now: () => 1_000_000 });
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

  test(
    "an import may have a user and a photo twice, and users that have expired",
    async (store, clock) => {
      const start = await store.position();
      const gone = { ...BOB, name: "Bob", expiresAt: clock.now, templates: [newTemplate(2)] };
      const users = [
        { ...ALICE, name: "A", templates: [newTemplate(1), newTemplate(1)] },
        { ...ALICE, name: "Alice", templates: [newTemplate(1), newTemplate(2)] },
        gone,
      ];
      assertEquals(await store.importUsers(users), 2);
      assertEquals((await readAll(store)).map(({ name, templates }) => [name, templates.length]), [
        ["Alice", 2],
      ]);
      assertEquals((await store.countByModel("default")).map(({ templates }) => templates), [2]);
      const changes = await store.changesSince(start);
      assert(changes.kind === "changes" && !changes.more);
      assertEquals(changes.users.map(({ userId, user }) => [userId, user?.name]), [
        ["alice", "Alice"],
        ["bob", undefined],
      ]);
      assertEquals(changes.position, await store.position());
    },
  );

  test("an import stores all of it or nothing, and again changes nothing", async (store) => {
    await store.putUser(ALICE, { name: "Alice" });
    await store.addTemplate(ALICE, newTemplate(1));
    const start = await store.position();
    const users = [
      { ...ALICE, name: "Alice", templates: [newTemplate(1), newTemplate(2)] },
      { ...BOB, name: "Bob", consentRef: "c", templates: [newTemplate(3)] },
    ];
    const bad = { collection: "default", userId: "carol", name: "\n", templates: [] };
    await assertRejects(() => store.importUsers([...users, bad]), RangeError);
    const tooMany = Array.from({ length: MAX_IMPORTED_USERS + 1 }, () => users[0]!);
    await assertRejects(() => store.importUsers(tooMany), RangeError);
    assertEquals(await store.position(), start);
    assertEquals(await store.importUsers(users), 2);
    assertEquals((await store.listTemplates(ALICE))?.length, 2);
    assertEquals((await store.getUser(BOB))?.consentRef, "c");
    const position = await store.position();
    assertEquals(position.n, start.n + 2);
    assertEquals(await store.importUsers(users), 0);
    assertEquals(await store.position(), position);
    // What one store reads, another can import.
    const copy = (await readAll(store)).map((user) => ({ ...user, collection: "copy" }));
    assertEquals(await store.importUsers(copy), 3);
    assertEquals(
      (await store.addTemplate({ ...BOB, collection: "copy" }, newTemplate(3))).kind,
      "stored",
    );
    assertEquals((await store.getUser({ ...BOB, collection: "copy" }))?.templates, 1);
  });
}
