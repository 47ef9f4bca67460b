import fc from "fast-check";
import { hostApps, hostProcesses } from "./service_host.ts";
import { checkService, serviceEvents } from "./service_property.ts";

Deno.test("two replicas on one store answer as a plain map does", async () => {
  await fc.assert(
    fc.asyncProperty(serviceEvents({ withKills: false, withTime: true }), async (events) => {
      await using host = await hostApps();
      await checkService(host, events);
    }),
    { numRuns: 25 },
  );
});

Deno.test("a service on SQLite that is killed answers as a plain map does", async () => {
  await fc.assert(
    fc.asyncProperty(serviceEvents({ withKills: true, withTime: false }), async (events) => {
      await using host = await hostProcesses();
      await checkService(host, events);
    }),
    { numRuns: 4, endOnFailure: true },
  );
});
