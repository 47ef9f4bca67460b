import { openStore } from "../../gallery/store/open_store.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { testGalleryStore } from "./gallery_store_contract.ts";

needs("postgres")("the PostgreSQL store behaves as the contract says", async (t) => {
  await using server = await startPostgres();
  const tests: [name: string, body: () => Promise<void>][] = [];
  testGalleryStore(async () => {
    const url = await server.newDatabase();
    return {
      open: (options) => openStore(url, options),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }, (...test) => tests.push(test));
  for (const [name, body] of tests) await t.step(name, body);
});
