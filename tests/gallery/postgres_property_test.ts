import fc from "fast-check";
import { openStore } from "../../gallery/store/open_store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { hostHere } from "./store_host.ts";
import { checkEvents, eventLists } from "./store_property.ts";

const keys = parseTemplateKeys(makeTemplateKey());
const test = needs("postgres");

test("a PostgreSQL store holds what was stored, also after it is closed and opened", async () => {
  await using server = await startPostgres();
  await fc.assert(
    fc.asyncProperty(eventLists(false), async (events) => {
      const url = await server.newDatabase();
      await using host = await hostHere((now) => openStore(url, { keys, now, changesPerRead: 2 }));
      await checkEvents(host, events);
    }),
    { numRuns: 8 },
  );
});

test("a PostgreSQL store holds what was acknowledged when the server is killed", async () => {
  await using server = await startPostgres();
  await fc.assert(
    fc.asyncProperty(eventLists(true), async (events) => {
      const url = await server.newDatabase();
      await using host = await hostHere((now) => openStore(url, { keys, now }), server);
      await checkEvents(host, events);
    }),
    { numRuns: 4, endOnFailure: true },
  );
});
