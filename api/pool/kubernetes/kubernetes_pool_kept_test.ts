import { assertEquals } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { FakePodApi } from "./api_server/fake_pod_api.ts";
import { ApiError } from "./api_server/pod_api.ts";
import { end, keep, openFakeCluster } from "./fake_cluster.ts";

Deno.test("a worker serves up to `requestsPerWorker` requests within its lease", async () => {
  await using cluster = await openFakeCluster({ pods: 3, requestsPerWorker: 3 });
  const { pool, api, clock } = cluster;
  const served: string[] = [];
  // The lease lasts 60 s, and a request may need 10 s.
  for (const ms of [0, 0, 0, 0, 50_000, 50_001]) {
    clock.ms = ms;
    await using lease = await pool.claim(forever());
    served.push(lease.worker.name);
    await keep(lease);
  }
  assertEquals(served.map((name) => served.indexOf(name)), [0, 0, 0, 3, 3, 5]);
  assertEquals(api.deleted, [served[0], served[3]]);
  await pool[Symbol.asyncDispose]();
  assertEquals(api.deleted, [served[0], served[3], served[5]]);
});

Deno.test("a kept worker counts as free while it has time for a whole request", async () => {
  await using cluster = await openFakeCluster({ pods: 1, requestsPerWorker: 3 });
  const { pool, clock } = cluster;
  await keep(await pool.claim(forever()));
  assertEquals(pool.stats().free, 1);
  clock.ms = 50_001;
  assertEquals(pool.stats().free, 0);
});

Deno.test("only a new worker can be out of reach for a moment", async () => {
  await using cluster = await openFakeCluster({ pods: 1, requestsPerWorker: 3 });
  const settling: boolean[] = [];
  for (let i = 0; i < 2; i++) {
    await using lease = await cluster.pool.claim(forever());
    settling.push(lease.worker.settlingMs !== undefined);
    await keep(lease);
  }
  assertEquals(settling, [true, false]);
});

Deno.test("ending an old lease again does not end the worker's next lease", async () => {
  await using cluster = await openFakeCluster({ pods: 1, requestsPerWorker: 3 });
  const { pool, api } = cluster;
  await using old = await pool.claim(forever());
  await keep(old);
  await using next = await pool.claim(forever());
  assertEquals(next.worker.name, "pod-1");
  await end(old);
  await tick();
  assertEquals(pool.stats(), { free: 0, busy: 1, starting: 0, waiters: 0, warmed: true });
  assertEquals(api.deleted, []);
});

Deno.test("a kept worker that no longer accepts requests is destroyed", async () => {
  await using cluster = await openFakeCluster({ pods: 1, requestsPerWorker: 3 });
  const { pool, api } = cluster;
  await keep(await pool.claim(forever()));
  api.change("pod-1", { ready: false });
  await tick();
  assertEquals(pool.stats().free, 0);
  assertEquals(api.deleted, ["pod-1"]);
});

Deno.test("a worker that stopped serving during its lease is not kept", async () => {
  const changes = [
    (api: FakePodApi) => api.change("pod-1", { ready: false }),
    (api: FakePodApi) => api.change("pod-1", { deleting: true }),
    (api: FakePodApi) => api.remove("pod-1"),
  ];
  for (const change of changes) {
    await using cluster = await openFakeCluster({ pods: 1, requestsPerWorker: 3 });
    const { pool, api } = cluster;
    await using lease = await pool.claim(forever());
    change(api);
    const next = pool.claim(forever());
    await keep(lease);
    await tick();
    assertEquals(pool.stats().waiters, 1);
    assertEquals(api.has("pod-1"), false);
    api.add("pod-2");
    await end(await next);
  }
});

/** Returns properties of a pod: its template, and its start, `seconds` after the server's time. */
const ofTemplate = (api: FakePodApi, template: string, seconds: number) => ({
  labels: { app: "w", status: "ready", "pod-template-hash": template },
  createdAt: api.clock + seconds * 1000,
});

Deno.test("a rollout ends the old template's workers, both kept workers and those given back later", async () => {
  const api = new FakePodApi();
  for (const name of ["idle", "used"]) api.add(name, ofTemplate(api, "old", 0));
  await using cluster = await openFakeCluster({ pods: 0, api, requestsPerWorker: 3 });
  const { pool } = cluster;
  const leases = [await pool.claim(forever()), await pool.claim(forever())];
  await keep(leases.find(({ worker }) => worker.name === "idle")!);
  api.add("new", ofTemplate(api, "new", 2));
  // Until the rollout is over, the old ReplicaSet still replaces its claimed pods.
  api.add("older", ofTemplate(api, "old", 1));
  await tick();
  assertEquals(api.deleted, ["idle"]);
  await keep(leases.find(({ worker }) => worker.name === "used")!);
  await tick();
  assertEquals(api.deleted, ["idle", "used"]);
});

Deno.test("a kept worker ends when the last free pod of its old template is gone", async () => {
  const api = new FakePodApi();
  api.add("old-1", ofTemplate(api, "old", 0));
  await using cluster = await openFakeCluster({ pods: 0, api, requestsPerWorker: 3 });
  const { pool } = cluster;
  await keep(await pool.claim(forever()));
  api.add("old-2", ofTemplate(api, "old", 2));
  api.add("new", ofTemplate(api, "new", 1));
  await tick();
  assertEquals(api.deleted, []);
  api.remove("old-2");
  await tick();
  assertEquals(api.deleted, ["old-1"]);
});

Deno.test("kept workers are checked only after all pods of a list are known", async () => {
  const api = new FakePodApi();
  api.add("new-1", ofTemplate(api, "new", 1));
  await using cluster = await openFakeCluster({ pods: 0, api, requestsPerWorker: 3 });
  const { pool, delays } = cluster;
  await keep(await pool.claim(forever()));
  api.hold();
  api.add("old", ofTemplate(api, "old", 0));
  api.add("new-2", ofTemplate(api, "new", 2));
  api.cut(new ApiError("watch", 410, "too old"));
  await tick();
  await delays.pass();
  assertEquals(pool.stats().free, 3);
  assertEquals(api.deleted, []);
});

Deno.test("kept workers stay while no free pod has a newer template", async () => {
  const api = new FakePodApi();
  api.add("new-1", ofTemplate(api, "new", 1));
  await using cluster = await openFakeCluster({ pods: 0, api, requestsPerWorker: 3 });
  const { pool } = cluster;
  await keep(await pool.claim(forever()));
  api.add("unready", { ...ofTemplate(api, "other", 3), ready: false });
  api.add("new-2", ofTemplate(api, "new", 2));
  api.add("old", ofTemplate(api, "old", 0));
  await using lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "new-1");
  assertEquals(api.deleted, []);
  await keep(lease);
});
