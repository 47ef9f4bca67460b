import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { openStore } from "../store/open_store.ts";
import { type GalleryStore, type NewUser, StoreUnavailable } from "../store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { importInBatches } from "./import_in_batches.ts";

const collection = "default";
const keys = parseTemplateKeys(makeTemplateKey());

/** A run of the import that fails, and the users who are deleted after it. */
const interruption = fc.record({
  transactions: fc.nat({ max: 3 }),
  /** True when the last transaction is stored but not acknowledged. */
  stored: fc.boolean(),
  deleted: fc.array(fc.nat({ max: 399 }), { maxLength: 5 }),
}, { noNullPrototype: true });

Deno.test("however often an import fails, each user is imported once and nobody comes back", async () => {
  await using folder = await temporaryFolder();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 400 }),
      fc.array(interruption, { maxLength: 4 }),
      async (count, interruptions) => {
        await using store = await openStore(folder.path(String(runs++)), { keys });
        const users = Array.from({ length: count }, (_, i): NewUser => ({
          collection,
          userId: `user ${i}`,
          name: "N",
          templates: [],
        }));
        const options = { file: { sha256: "ab".repeat(32), again: false } };
        const deleted = new Set<string>();
        for (const { transactions, stored, deleted: numbers } of interruptions) {
          if (Math.ceil(count / 100) <= transactions) continue;
          const failing = failAfter(store, transactions, stored);
          await assertRejects(() => importInBatches(failing, users, options), StoreUnavailable);
          for (const number of numbers) {
            const userId = `user ${number}`;
            if (await store.deleteUser({ collection, userId })) deleted.add(userId);
          }
        }
        await importInBatches(store, users, options);
        const present = await Array.fromAsync(store.readUsers(), ({ userId }) => userId);
        const expected = users.map(({ userId }) => userId).filter((id) => !deleted.has(id));
        assertEquals(present.toSorted(), expected.toSorted());
      },
    ),
    { numRuns: 25 },
  );
});

/** Returns a store whose imports fail after some transactions. */
function failAfter(store: GalleryStore, transactions: number, stored: boolean): GalleryStore {
  let left = transactions;
  const importUsers: GalleryStore["importUsers"] = async (...args) => {
    const fails = left-- === 0;
    if (!fails || stored) await store.importUsers(...args);
    if (fails) throw new StoreUnavailable("The database is away");
    return 0;
  };
  return { importUsers } as GalleryStore;
}
