import fc from "fast-check";
import { openStore } from "../../gallery/store/open_store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { hostInProcess } from "./store_process_host.ts";
import { hostHere } from "./store_host.ts";
import { checkEvents, eventLists } from "./store_property.ts";

const keys = makeTemplateKey();

Deno.test("a SQLite store holds what was stored, also after it is closed and opened", async () => {
  await fc.assert(
    fc.asyncProperty(eventLists(false), async (events) => {
      await using folder = await temporaryFolder();
      await using host = await hostHere((now) =>
        openStore(folder.path("gallery"), { keys: parseTemplateKeys(keys), now, changesPerRead: 2 })
      );
      await checkEvents(host, events);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a SQLite store holds what was acknowledged when its process is killed", async () => {
  await fc.assert(
    fc.asyncProperty(eventLists(true), async (events) => {
      await using folder = await temporaryFolder();
      await using host = await hostInProcess(folder.path("gallery"), keys);
      await checkEvents(host, events);
    }),
    { numRuns: 6, endOnFailure: true },
  );
});
