import { assertEquals, assertRejects } from "@std/assert";
import { newTemplate } from "../../tests/support/gallery_store.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { openStore } from "../store/open_store.ts";
import type { StoreOptions } from "../store/sql_store.ts";
import { type GalleryStore, type IndexedUser, StoreUnavailable } from "../store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { withMethods } from "../fake_gallery.ts";
import { followStore, type UserTarget } from "./follow_store.ts";
import { createGalleryIndex } from "./memory_index.ts";

const keys = parseTemplateKeys(makeTemplateKey());
const key = (userId: string) => ({ collection: "default", userId });

class Users implements UserTarget {
  readonly names = new Map<string, string>();
  put({ userId, name, templates }: IndexedUser) {
    this.names.set(userId, `${name} ${templates.length}`);
  }
  remove({ userId }: { userId: string }) {
    this.names.delete(userId);
  }
}

async function withStore(
  use: (store: GalleryStore) => Promise<void>,
  options: Partial<StoreOptions> = {},
): Promise<void> {
  await using folder = await temporaryFolder();
  await using store = await openStore(folder.path("gallery"), { keys, ...options });
  await use(store);
}

Deno.test("a follower loads all users, and then applies each change", async () => {
  await withStore(async (store) => {
    for (const id of ["a", "b", "c"]) await store.putUser(key(id), { name: id });
    const follower = await followStore(store, () => new Users());
    assertEquals([...follower.target.names.values()], ["a 0", "b 0", "c 0"]);
    await store.deleteUser(key("b"));
    await store.addTemplate(key("c"), newTemplate(1));
    await store.putUser(key("d"), { name: "d" });
    await Promise.all([follower.catchUp(), follower.catchUp()]);
    assertEquals([...follower.target.names.values()].toSorted(), ["a 0", "c 1", "d 0"]);
    assertEquals(follower.position, await store.position());
  }, { changesPerRead: 2 });
});

Deno.test("users that change while a follower loads are loaded as they are afterwards", async () => {
  await withStore(async (store) => {
    for (const id of ["a", "b", "c"]) await store.putUser(key(id), { name: id });
    let changed = false;
    const changing = withMethods(store, {
      async *readUsers() {
        for await (const user of store.readUsers()) {
          yield user;
          if (changed) continue;
          changed = true;
          await store.deleteUser(key("a"));
          await store.putUser(key("0"), { name: "0" });
        }
      },
    });
    const follower = await followStore(changing, () => new Users());
    assertEquals([...follower.target.names.keys()].toSorted(), ["0", "b", "c"]);
    assertEquals(follower.position, await store.position());
  }, { usersPerStatement: 1 });
});

Deno.test("a follower whose position the store does not know reads everything again", async () => {
  await withStore(async (store) => {
    await store.putUser(key("a"), { name: "a" });
    const follower = await followStore(store, () => new Users());
    const before = follower.target;
    await store.deleteUser(key("a"));
    for (const id of ["b", "c", "d"]) await store.putUser(key(id), { name: id });
    await store.purge();
    await follower.catchUp();
    assertEquals([...follower.target.names.keys()], ["b", "c", "d"]);
    assertEquals(follower.position, await store.position());
    assertEquals([...before.names.keys()], ["a"]);
  }, { keptChanges: 1 });
});

Deno.test("a follower of a store that was away catches up later", async () => {
  await withStore(async (store) => {
    let away = false;
    const unreliable = withMethods(store, {
      async changesSince(position) {
        if (away) throw new StoreUnavailable("away");
        return await store.changesSince(position);
      },
    });
    const follower = await followStore(unreliable, () => new Users());
    const start = follower.position;
    await store.putUser(key("a"), { name: "a" });
    away = true;
    await assertRejects(() => follower.catchUp(), StoreUnavailable);
    assertEquals(follower.position, start);
    away = false;
    await follower.catchUp();
    assertEquals([...follower.target.names.keys()], ["a"]);
  });
});

Deno.test("an index that follows a store finds who was added, and nobody who was deleted", async () => {
  await withStore(async (store) => {
    const follower = await followStore(store, () => createGalleryIndex());
    const { embedding, ...photo } = newTemplate(1);
    const find = () =>
      follower.target.search({ ...key("a"), model: photo.model, probe: embedding, now: 0 });
    assertEquals(find(), undefined);
    await store.putUser(key("a"), { name: "Ada" });
    await store.addTemplate(key("a"), { embedding, ...photo });
    await follower.catchUp();
    assertEquals([find()?.name, find()?.compared], ["Ada", 1]);
    await store.deleteUser(key("a"));
    await follower.catchUp();
    assertEquals(find(), undefined);
  });
});
