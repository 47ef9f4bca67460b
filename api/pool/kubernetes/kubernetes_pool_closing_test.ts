import { assert, assertEquals, assertRejects } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { NoWorkerAvailable } from "../../../shared/pool/pool.ts";
import { end, keep, openFakeCluster } from "./fake_cluster.ts";

Deno.test("closing destroys kept workers, and waits for leases", async () => {
  await using cluster = await openFakeCluster({ pods: 2, requestsPerWorker: 3 });
  const { pool, api } = cluster;
  await using held = await pool.claim(forever());
  await keep(await pool.claim(forever()));
  const closed = pool[Symbol.asyncDispose]();
  await tick();
  assertEquals(api.deleted, ["pod-2"]);
  await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  await keep(held);
  await closed;
  assertEquals(api.deleted, ["pod-2", "pod-1"]);
});

for (const call of ["delete", "patch"] as const) {
  Deno.test(`closing waits for a ${call} that has no answer yet`, async () => {
    await using cluster = await openFakeCluster({ pods: 1 });
    const { pool, api } = cluster;
    const answer = api.stall(call);
    const impatient = new AbortController();
    const claim = pool.claim(impatient.signal).then(end, () => {});
    await tick();
    impatient.abort();
    await claim;
    const closed = pool[Symbol.asyncDispose]();
    await tick();
    assertEquals(api.closed, false);
    answer();
    await closed;
    assert(api.closed);
    assertEquals(api.deleted, ["pod-1"]);
  });
}

Deno.test("a claim that succeeds while the pool closes is used, and its pod is then deleted", async () => {
  await using cluster = await openFakeCluster({ pods: 1 });
  const { pool, api } = cluster;
  const answer = api.stall("patch");
  const claim = pool.claim(forever());
  await tick();
  const closed = pool[Symbol.asyncDispose]();
  await tick();
  answer();
  await using lease = await claim;
  await tick();
  assertEquals(api.closed, false);
  await end(lease);
  await closed;
  assertEquals(api.deleted, ["pod-1"]);
});

Deno.test("a request that was given a pod just before the pool closes does not claim the pod", async () => {
  await using cluster = await openFakeCluster({ pods: 0 });
  const { pool, api } = cluster;
  const claim = assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  await tick();
  api.add("pod-1");
  await pool[Symbol.asyncDispose]();
  await claim;
  assertEquals(api.calls.includes("patch"), false);
});

Deno.test("when a claim is lost while the pool closes, no other pod is tried", async () => {
  await using cluster = await openFakeCluster({ pods: 1 });
  const { pool, api } = cluster;
  const answer = api.stall("patch");
  const claim = assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  await tick();
  api.change("pod-1", {});
  const closed = pool[Symbol.asyncDispose]();
  answer();
  await claim;
  await closed;
  assertEquals(api.claims, []);
});
