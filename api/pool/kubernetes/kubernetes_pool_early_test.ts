import { assert, assertEquals } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { FakePodApi } from "./api_server/fake_pod_api.ts";
import { end, keep, openFakeCluster } from "./fake_cluster.ts";
import { FakeSupervisors } from "./fake_supervisors.ts";

/** A pod that has an address, and whose status does not say that it is ready. */
const STARTING = { ready: false, ip: "127.0.0.2" };

Deno.test("a claim that waits gets a pod as soon as the pod says that it is ready", async () => {
  await using cluster = await openFakeCluster({ pods: 0 });
  const { pool, api, workers, delays } = cluster;
  const claim = pool.claim(forever());
  api.add("starting", STARTING);
  await tick();
  assertEquals(pool.stats(), { free: 0, busy: 0, starting: 1, waiters: 1, warmed: false });
  workers.ready.add("127.0.0.2");
  // The pause, and the turn.
  for (const ms of [50, 10]) await delays.pass(ms);
  await using lease = await claim;
  assertEquals(lease.worker.url.href, "http://127.0.0.2:8080/");
  assertEquals(pool.stats(), { free: 0, busy: 1, starting: 0, waiters: 0, warmed: true });
  assertEquals((await api.read("starting")).ready, false);
  await end(lease);
  await tick();
  assertEquals(api.deleted, ["starting"]);
});

Deno.test("the pool is warm and has a free pod when a pod has said that it is ready", async () => {
  await using cluster = await openFakeCluster({ pods: 0 });
  const { pool, api, workers } = cluster;
  workers.ready.add("127.0.0.2");
  api.add("starting", { ...STARTING, phase: "Pending" });
  await tick();
  assertEquals(pool.stats(), { free: 1, busy: 0, starting: 0, waiters: 0, warmed: true });
  api.change("starting", { ready: true, phase: "Running" });
  assertEquals(pool.stats().free, 1);
  api.change("starting", { ready: false });
  assertEquals(pool.stats().free, 0);
});

Deno.test("a pod is used although the kubelet's report arrives before the answer to its claim", async () => {
  const api = new FakePodApi();
  const patch = api.patch.bind(api);
  api.patch = async (...args) => {
    const claimed = await patch(...args);
    api.change("starting", { ready: true });
    await tick();
    return claimed;
  };
  await using cluster = await openFakeCluster({ pods: 0, api });
  const { pool, workers } = cluster;
  workers.ready.add("127.0.0.2");
  api.add("starting", STARTING);
  await tick();
  await using lease = await pool.claim(forever());
  assertEquals([lease.worker.name, api.deleted], ["starting", []]);
});

Deno.test("a pod that dies before the kubelet has reported it is free no more", async () => {
  await using cluster = await openFakeCluster({ pods: 0 });
  const { pool, api, workers, delays } = cluster;
  workers.ready.add("127.0.0.2");
  api.add("starting", STARTING);
  await tick();
  workers.ready.delete("127.0.0.2");
  for (const ms of [2000, 10]) await delays.pass(ms);
  assertEquals(pool.stats(), { free: 0, busy: 0, starting: 1, waiters: 0, warmed: true });
});

Deno.test("a pod whose status says that it is ready is claimed first", async () => {
  await using cluster = await openFakeCluster({ pods: 0 });
  const { pool, api, workers } = cluster;
  workers.ready.add("127.0.0.2");
  api.add("starting", STARTING);
  await tick();
  api.add("ready");
  await using first = await pool.claim(forever());
  await using second = await pool.claim(forever());
  assertEquals([first.worker.name, second.worker.name], ["ready", "starting"]);
});

Deno.test("a pod that said that it is ready and is gone is not used", async () => {
  await using cluster = await openFakeCluster({ pods: 0 });
  const { pool, api, workers } = cluster;
  workers.ready.add("127.0.0.2");
  api.add("starting", STARTING);
  await tick();
  api.hold();
  api.remove("starting");
  api.add("next", { ready: true });
  const claim = pool.claim(forever());
  await tick();
  api.tell();
  await using lease = await claim;
  assertEquals(lease.worker.name, "next");
});

Deno.test("a kept worker stays in use until the kubelet has reported that it is ready, and then that it is not", async () => {
  await using cluster = await openFakeCluster({ pods: 0, requestsPerWorker: 9 });
  const { pool, api, workers } = cluster;
  workers.ready.add("127.0.0.2");
  api.add("starting", STARTING);
  for (const change of [{}, { phase: "Running" }, { ready: true }]) {
    const lease = await pool.claim(forever());
    assertEquals(lease.worker.name, "starting");
    api.change("starting", change);
    await keep(lease);
    assertEquals([pool.stats().free, api.deleted], [1, []]);
  }
  api.change("starting", { ready: false });
  await tick();
  assertEquals(api.deleted, ["starting"]);
});

Deno.test("a pod with processes is used as soon as its supervisor says that it is ready", async () => {
  const supervisors = new FakeSupervisors(2);
  const processes = { perPod: 2, maxPods: 1, supervisors };
  await using cluster = await openFakeCluster({ pods: 0, processes });
  const { pool, api, workers } = cluster;
  const claims = [pool.claim(forever()), pool.claim(forever())];
  workers.ready.add("127.0.0.2");
  api.add("starting", STARTING);
  for (const claim of claims) {
    const lease = await claim;
    assert(lease.worker.name.startsWith("starting"));
    // The watch reports the claim, and still no readiness.
    api.change("starting", {});
    await end(lease);
  }
  assertEquals(api.deleted, []);
  supervisors.stop("starting");
  await tick();
  assertEquals(api.deleted, ["starting"]);
});

Deno.test("a pod that another replica has claimed, or that has no owner to be claimed for, is not used", async () => {
  const api = new FakePodApi();
  api.owner = undefined;
  await using cluster = await openFakeCluster({ pods: 0, api });
  const { pool, workers, delays } = cluster;
  workers.ready.add("127.0.0.2");
  api.add("starting", STARTING);
  await tick();
  assertEquals([pool.stats().free, pool.stats().warmed], [1, false]);
  api.owner = "owner-uid";
  assert(pool.stats().warmed);
  api.change("starting", { labels: { app: "w", status: "busy" } });
  await delays.pass(50);
  assertEquals(pool.stats().free, 0);
});

Deno.test("closing the pool ends the questions and closes their connections", async () => {
  await using cluster = await openFakeCluster({ pods: 0 });
  const { pool, api, workers, delays } = cluster;
  api.add("starting", STARTING);
  await tick();
  await pool[Symbol.asyncDispose]();
  assert(workers.closed);
  api.add("later", { ready: false, ip: "127.0.0.3" });
  await delays.pass();
  assertEquals(workers.asked, ["127.0.0.2"]);
});
