import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { eventually } from "../../../tests/support/eventually.ts";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { NoWorkerAvailable } from "../../../shared/pool/pool.ts";
import { FakePodApi, noAnswer, type PodApiCall } from "./api_server/fake_pod_api.ts";
import { ApiError, ConnectionError } from "./api_server/pod_api.ts";
import { openFakeCluster } from "./fake_cluster.ts";

/** Failures of calls. The kinds are few, so that several failures often hit the same claim. */
const failures = fc.array(
  fc.record({
    call: fc.constantFrom<PodApiCall>("patch", "read", "delete", "watch", "list"),
    when: fc.constantFrom("before", "after"),
    error: fc.constantFrom(
      noAnswer(true),
      noAnswer(false),
      new ConnectionError("any", true, new Error("Too late"), true),
      ...[401, 403, 404, 409, 422, 429, 500].map((status) => new ApiError("any", status, "oops")),
    ),
  }),
  { maxLength: 12 },
);

Deno.test("no pod is claimed or used twice, or deleted without a claim, even when calls fail", async () => {
  await fc.assert(
    fc.asyncProperty(
      failures,
      fc.array(fc.boolean(), { maxLength: 12 }),
      async (failures, late) => {
        const api = new FakePodApi();
        const replicas = await Promise.all(
          ["a", "b", "c"].map((replica, i) =>
            openFakeCluster({ api, replica, pods: i === 0 ? 6 : 0 })
          ),
        );
        for (const { delays } of replicas) delays.atOnce = true;
        for (const { call, when, error } of failures) {
          api.fail(call, when === "before" ? { before: error } : { after: error });
        }
        const used: string[] = [];
        const requests = Array.from({ length: 12 }, async (_, i) => {
          if (late[i]) api.hold();
          try {
            await using lease = await replicas[i % 3]!.pool.claim(forever());
            used.push(lease.worker.name);
            await tick();
            // The Deployment replaces claimed pods.
            if (used.length <= 6) api.add(`more-${used.length}`);
          } catch (error) {
            assert(error instanceof NoWorkerAvailable, String(error));
          }
          api.tell();
        });
        const ticking = setInterval(() => api.tell(), 1);
        await Promise.race([
          Promise.all(requests),
          // After failures there may be fewer pods than requests.
          eventually(
            () => replicas.every(({ pool }) => pool.stats().free === 0),
            "all free pods are used",
          ),
        ]);
        clearInterval(ticking);
        api.tell();
        await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()));
        await Promise.all(requests);
        assertEquals(new Set(used).size, used.length, "a pod was used twice");
        const claimed = api.claims.map(({ uid }) => uid);
        assertEquals(new Set(claimed).size, claimed.length, "a pod was claimed twice");
        const unclaimed = api.deleted.filter((name) => !claimed.includes(`uid-of-${name}`));
        assertEquals(unclaimed, [], "a pod was deleted that was never claimed");
      },
    ),
    { numRuns: 50 },
  );
});
