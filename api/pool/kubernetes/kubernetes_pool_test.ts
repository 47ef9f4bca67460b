import { assert, assertEquals, assertRejects } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { NoWorkerAvailable } from "../../../shared/pool/pool.ts";
import { FakePodApi, noAnswer } from "./api_server/fake_pod_api.ts";
import { ApiError } from "./api_server/pod_api.ts";
import { end, openFakeCluster } from "./fake_cluster.ts";

Deno.test("a claim gets the address of a free pod, and the pod is deleted when the lease ends", async () => {
  await using cluster = await openFakeCluster({ pods: 1 });
  const { pool, api } = cluster;
  assertEquals(pool.stats(), { free: 1, busy: 0, starting: 0, waiters: 0, warmed: true });
  {
    await using lease = await pool.claim(forever());
    assertEquals(lease.worker.name, "pod-1");
    assertEquals(lease.worker.url.href, "http://127.0.0.1:8080/");
    assertEquals(pool.stats(), { free: 0, busy: 1, starting: 0, waiters: 0, warmed: true });
    const { labels, annotations, activeDeadlineSeconds } = await api.read("pod-1");
    assertEquals(labels, { app: "w", status: "busy" });
    assertEquals(annotations?.["face-it.io/claimed-by"], "me");
    // The pod is 10 s old, the request may last 10 s, and the kubelet waits 65 s more.
    assertEquals(activeDeadlineSeconds, 85);
  }
  await tick();
  assertEquals(api.deleted, ["pod-1"]);
  assertEquals(pool.stats().busy, 0);
  await pool[Symbol.asyncDispose]();
  assert(api.closed);
});

Deno.test("pods that accept requests are free; pods that are not ready yet count as starting", async () => {
  const api = new FakePodApi();
  api.add("unready", { ready: false });
  api.add("pending", { ready: false, phase: "Pending", ip: undefined, startedAt: undefined });
  api.add("no-start", { startedAt: undefined });
  api.add("deleting", { deleting: true });
  api.add("failed", { phase: "Failed", ready: false });
  api.add("busy", { labels: { app: "w", status: "busy" } });
  await using cluster = await openFakeCluster({ pods: 0, api });
  const { pool } = cluster;
  assertEquals(pool.stats(), { free: 0, busy: 0, starting: 2, waiters: 0, warmed: false });
  api.change("unready", { ready: true });
  assertEquals(pool.stats().free, 1);
  assert(pool.stats().warmed);
});

Deno.test("after a lost claim, the next pod is tried", async () => {
  await using cluster = await openFakeCluster();
  const { pool, api, measured } = cluster;
  api.hold();
  api.change("pod-1", { labels: { app: "w", status: "busy" } });
  await using lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "pod-2");
  assert(await measured('face_it_pool_lost_claims_total{code="422"} 1'));
  assertEquals(pool.stats().free, 0);
});

Deno.test("after a lost claim, a pod is free again only when the watch sees a newer version", async () => {
  await using cluster = await openFakeCluster({ pods: 1 });
  const { pool, api } = cluster;
  api.hold();
  api.change("pod-1", {});
  const claim = pool.claim(forever());
  await tick();
  assertEquals(pool.stats().waiters, 1);
  assertEquals(api.calls.filter((call) => call === "patch").length, 1);
  api.tell();
  await using lease = await claim;
  assertEquals(lease.worker.name, "pod-1");
});

Deno.test("a request that lost a claim keeps its place in the queue, even when the queue is full", async () => {
  await using cluster = await openFakeCluster({ pods: 1, queueLimit: 1 });
  const { pool, api } = cluster;
  api.hold();
  api.change("pod-1", {});
  const order: string[] = [];
  const [first, second] = ["first", "second"].map(async (name) => {
    await using lease = await pool.claim(forever());
    order.push(name);
    return lease;
  });
  await tick();
  assertEquals(pool.stats().waiters, 2);
  api.tell();
  api.add("pod-2");
  for (const lease of [await first!, await second!]) await end(lease);
  assertEquals(order, ["first", "second"]);
});

for (const [status, causes] of [[422, 0], [422, 1], [404, 0], [403, 0], [500, 0]] as const) {
  Deno.test(`the refusal of a claim with ${status} and ${causes} causes is counted, and the pod stays free`, async () => {
    await using cluster = await openFakeCluster({ pods: 1 });
    const { pool, api, measured } = cluster;
    const refused = new ApiError("claim", status, "no", causes);
    api.fail("patch", { before: refused });
    const refusal = await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
    assertEquals([refusal.message, refusal.cause], ["No worker is available", refused]);
    // The client of the API server counts the other statuses.
    const counted = `face_it_pool_api_failures_total{call="claim",code="${status}"} 1`;
    assertEquals(await measured(counted), status === 422 || status === 404);
    assertEquals(pool.stats().free, 1);
    assertEquals(api.deleted, []);
  });
}

for (const error of [noAnswer(false), new ApiError("claim", 429, "slow down")]) {
  Deno.test(`the request is refused when the server did not act on its claim: ${error.message}`, async () => {
    await using cluster = await openFakeCluster({ pods: 1 });
    const { pool, api } = cluster;
    api.fail("patch", { before: error });
    const refusal = await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
    assertEquals(refusal.message, "No worker is available");
    assertEquals(refusal.cause, error);
    assertEquals(pool.stats().free, 1);
    assertEquals(api.calls.includes("read"), false);
  });
}

for (const error of [noAnswer(true), new ApiError("claim", 500, "oops")]) {
  Deno.test(`a claim that was applied is used, even without an answer: ${error.message}`, async () => {
    await using cluster = await openFakeCluster();
    const { pool, api } = cluster;
    api.fail("patch", { after: error });
    await using lease = await pool.claim(forever());
    assertEquals(lease.worker.name, "pod-1");
    assertEquals(api.claims.length, 1);
    await end(lease);
    await pool[Symbol.asyncDispose]();
    assertEquals(api.deleted, ["pod-1"]);
  });
}

Deno.test("a claim that is applied after its request was refused is reaped, and no other pod is", async () => {
  await using cluster = await openFakeCluster();
  const { pool, api, delays, measured } = cluster;
  api.fail("patch", { before: new ApiError("claim", 504, "late") });
  await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  api.change("pod-1", {
    labels: { app: "w", status: "busy" },
    annotations: {
      "face-it.io/claimed-by": "me",
      "face-it.io/claim-id": "me-1",
      "face-it.io/claim-deadline": new Date(api.clock + 10_000).toISOString(),
    },
  });
  await delays.pass();
  assertEquals(api.deleted, ["pod-1"]);
  assert(await measured('face_it_pool_reaped_total{reason="lost_track"} 1'));
  await using lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "pod-2");
});

Deno.test("a pod whose claim was lost is tried again, although the watch has seen no change", async () => {
  await using cluster = await openFakeCluster({ pods: 1 });
  const { pool, api, delays } = cluster;
  api.fail("patch", { before: new ApiError("claim", 404, "not found") });
  api.fail("read", { before: new ApiError("read", 500, "oops") });
  const claim = pool.claim(forever());
  await tick();
  assertEquals([pool.stats().free, pool.stats().waiters], [0, 1]);
  assertEquals(delays.asked.at(-1), 5000);
  await delays.pass();
  await using lease = await claim;
  assertEquals(lease.worker.name, "pod-1");
});

Deno.test("one request tries at most 200 pods", async () => {
  const api = new FakePodApi();
  await using cluster = await openFakeCluster({ pods: 210, api });
  const { pool } = cluster;
  api.hold();
  for (let i = 1; i <= 210; i++) api.remove(`pod-${i}`);
  await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  const count = (name: string) => api.calls.filter((call) => call === name).length;
  assertEquals([count("patch"), count("read"), count("delete")], [200, 200, 0]);
});

Deno.test("a pod that stops serving before its claim is confirmed is deleted, and the next pod is tried", async () => {
  await using cluster = await openFakeCluster();
  const { pool, api } = cluster;
  api.fail("patch", { after: noAnswer(true) });
  const answer = api.stall("read");
  const claim = pool.claim(forever());
  await tick();
  api.change("pod-1", { ready: false });
  answer();
  await using lease = await claim;
  assertEquals(lease.worker.name, "pod-2");
  await tick();
  assertEquals(api.deleted, ["pod-1"]);
});

Deno.test("when a request stops waiting for a lost answer, its claimed pod is still deleted", async () => {
  await using cluster = await openFakeCluster({ pods: 1 });
  const { pool, api, clock, delays } = cluster;
  api.fail("patch", { after: noAnswer(true) });
  api.fail("read", { before: noAnswer(false) });
  const gone = new AbortController(), reason = new RangeError("No patience left");
  const claim = assertRejects(() => pool.claim(gone.signal), RangeError);
  await tick();
  gone.abort(reason);
  assertEquals(await claim, reason);
  assert(api.has("pod-1"));
  // One millisecond later the claim has less time left than a request may take: the pod is deleted.
  clock.ms++;
  await delays.pass();
  assertEquals(api.deleted, ["pod-1"]);
});

Deno.test("a failed deletion is counted and retried", async () => {
  await using cluster = await openFakeCluster({ pods: 1 });
  const { pool, api, delays, measured } = cluster;
  await using lease = await pool.claim(forever());
  api.fail("delete", { before: noAnswer(true) });
  await end(lease);
  await tick();
  assert(api.has("pod-1"));
  assert(await measured("face_it_pool_delete_failures_total 1"));
  await delays.pass();
  assertEquals(api.deleted, ["pod-1"]);
  assert(await measured('face_it_pool_reaped_total{reason="delete_failed"} 1'));
});

Deno.test("while the owner of claimed pods is missing, the pool is not ready and refuses requests", async () => {
  const api = new FakePodApi();
  api.owner = undefined;
  await using cluster = await openFakeCluster({ pods: 1, api });
  const { pool } = cluster;
  assertEquals(pool.stats().warmed, false);
  const refusal = await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  assertEquals(refusal.message, "No worker is available");
  assertEquals(refusal.cause, new Error("The ConfigMap pool is missing"));
  assertEquals(api.calls.includes("patch"), false);
  api.owner = "uid";
  assert(pool.stats().warmed);
  await using _lease = await pool.claim(forever());
});

Deno.test("one log line reports that the owner is missing, and one that it exists again", async () => {
  const api = new FakePodApi();
  api.owner = undefined;
  await using cluster = await openFakeCluster({ pods: 1, api });
  const { lines } = cluster;
  for (const owner of [undefined, "uid", "uid", undefined]) api.owner = owner;
  const said = lines.filter(({ msg }) => String(msg).includes("ConfigMap"));
  assertEquals(said.map(({ level, owner }) => [level, owner]), [
    ["error", "pool"],
    ["info", "pool"],
    ["error", "pool"],
  ]);
});
