import fc from "fast-check";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { hostApps, hostProcesses } from "./service_host.ts";
import { checkService, serviceEvents } from "./service_property.ts";

const test = needs("postgres");

test("two replicas on one PostgreSQL store answer as a plain map does", async () => {
  await using server = await startPostgres();
  await fc.assert(
    fc.asyncProperty(serviceEvents({ withKills: false, withTime: true }), async (events) => {
      await using host = await hostApps(await server.newDatabase());
      await checkService(host, events);
    }),
    { numRuns: 6 },
  );
});

test("services and a PostgreSQL that are killed answer as a plain map does", async () => {
  await using server = await startPostgres();
  await fc.assert(
    fc.asyncProperty(serviceEvents({ withKills: true, withTime: false }), async (events) => {
      await using host = await hostProcesses(server);
      await checkService(host, events);
    }),
    { numRuns: 2, endOnFailure: true },
  );
});
