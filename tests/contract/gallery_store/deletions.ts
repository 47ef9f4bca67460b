/** The behaviour of every store: the marks of deletions. */

import { assertEquals, assertRejects } from "@std/assert";
import type { Deletion } from "../../../gallery/forget/deletion_mark.ts";
import { newTemplate } from "../../support/gallery_store.ts";
import { ALICE, BOB, type StoreTest } from "./store_backend.ts";

/** Registers the tests. */
export function testDeletions(test: StoreTest): void {
  const told: Deletion[] = [];
  const marksOf = async (run: () => Promise<unknown>): Promise<string[]> => {
    told.length = 0;
    await run();
    return told.map(({ mark }) => mark);
  };
  test("each deletion of a user or template has a mark of its own", async (store, clock) => {
    await store.putUser(ALICE, { name: "Alice" });
    const added = await store.addTemplate(ALICE, newTemplate(1));
    const id = added.kind === "stored" ? added.template.templateId : "";
    const marks = [
      ...await marksOf(() => store.deleteTemplate(ALICE, id)),
      ...await marksOf(() => store.deleteUser(ALICE)),
    ];
    assertEquals(told[0]?.time, new Date(clock.now).toISOString());
    assertEquals(await marksOf(() => store.deleteTemplate(ALICE, id)), []);
    assertEquals(await marksOf(() => store.deleteUser(ALICE)), []);

    // The same user_id, later.
    clock.now++;
    const expiresAt = clock.now + 10;
    await store.putUser(ALICE, { name: "Alice", expiresAt });
    await store.putUser(BOB, { name: "Bob", expiresAt });
    clock.now += 10;
    // Both have expired: one is replaced by a change, the other one by an import.
    marks.push(...await marksOf(() => store.putUser(ALICE, { name: "Alice" })));
    marks.push(
      ...await marksOf(() => store.importUsers([{ ...BOB, name: "Bob", templates: [] }])),
    );
    await store.putUser(BOB, { name: "Bob", expiresAt: clock.now + 10 });
    clock.now += 10;
    marks.push(...await marksOf(() => store.purge()));
    await store.putUser(BOB, { name: "Bob", expiresAt: clock.now + 10 });
    clock.now += 10;
    // Nobody sees Bob any more, but a row is deleted.
    marks.push(...await marksOf(() => store.deleteUser(BOB)));
    assertEquals([marks.length, new Set(marks).size], [6, 6]);
  }, { onDeletion: (deletion) => told.push(deletion) });

  let isFull = false;
  test("a deletion whose mark cannot be written is not stored", async (store) => {
    await store.putUser(ALICE, { name: "Alice" });
    isFull = true;
    await assertRejects(() => store.deleteUser(ALICE), Error, "the log is full");
    isFull = false;
    assertEquals((await store.getUser(ALICE))?.name, "Alice");
    assertEquals(await store.deleteUser(ALICE), true);
  }, {
    onDeletion() {
      if (isFull) throw new Error("the log is full");
    },
  });
}
