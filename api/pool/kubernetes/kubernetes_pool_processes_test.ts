import { assertEquals, assertRejects } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { NoWorkerAvailable, type WorkerLease } from "../../../shared/pool/pool.ts";
import { FakePodApi } from "./api_server/fake_pod_api.ts";
import { end, type FakeClusterOptions, keep, openFakeCluster } from "./fake_cluster.ts";
import { FakeSupervisors } from "./fake_supervisors.ts";

/** Opens a pool whose pods have two processes each. */
async function open(
  options: FakeClusterOptions & { readonly maxPods?: number; readonly perPod?: number } = {},
) {
  const { maxPods = 2, perPod = 2, ...rest } = options;
  const supervisors = new FakeSupervisors(perPod);
  const cluster = await openFakeCluster({
    ...rest,
    processes: { perPod, maxPods, supervisors },
  });
  return {
    ...cluster,
    supervisors,
    claim: () => cluster.pool.claim(forever()),
    /** Sends the request of a lease: its process is then not free any more. */
    use: ({ worker: { name } }: WorkerLease) =>
      supervisors.take(...name.split("/") as [string, string]),
  };
}

Deno.test("one claimed pod serves as many requests at once as it has processes", async () => {
  await using cluster = await open();
  const { pool, api, claim } = cluster;
  assertEquals(pool.stats().free, 4);
  const leases = await Promise.all([claim(), claim()]);
  assertEquals(leases.map(({ worker }) => worker.name).toSorted(), [
    "pod-1/worker-1",
    "pod-1/worker-2",
  ]);
  const { worker } = leases.find(({ worker }) => worker.name === "pod-1/worker-1")!;
  assertEquals(worker.url.href, "http://127.0.0.1:8080/processes/worker-1/");
  assertEquals(api.claims.length, 1);
  assertEquals(pool.stats(), { free: 2, busy: 2, starting: 0, waiters: 0, warmed: true });
  await Promise.all(leases.map(end));
});

Deno.test("more requests at once claim more pods, up to the most that are allowed", async () => {
  await using cluster = await open({ pods: 3, maxPods: 2, queueLimit: 3 });
  const { pool, api, claim } = cluster;
  const leases = await Promise.all([claim(), claim(), claim(), claim()]);
  const pods = new Set(leases.map(({ worker }) => worker.name.split("/")[0]));
  assertEquals([pods.size, api.claims.length], [2, 2]);
  const late = claim();
  await tick();
  // The third pod is free, but this replica may not claim it.
  assertEquals(pool.stats(), { free: 0, busy: 4, starting: 0, waiters: 1, warmed: true });
  cluster.use(leases[0]!);
  await keep(leases[0]!);
  const lease = await late;
  assertEquals(api.claims.length, 2);
  await Promise.all([...leases, lease].map(end));
});

Deno.test("each lease gets a process that no lease had before, and the pod stays", async () => {
  await using cluster = await open({ pods: 1 });
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) {
    const lease = await cluster.claim();
    seen.push(lease.worker.name);
    cluster.use(lease);
    // The supervisor has told that the process is not free before it sends the answer.
    await tick();
    await keep(lease);
    await tick();
  }
  assertEquals(new Set(seen).size, 6);
  assertEquals([cluster.api.claims.length, cluster.api.deleted], [1, []]);
  // The supervisor has ended the processes itself.
  assertEquals(cluster.supervisors.ended, []);
});

Deno.test("a process whose lease ends without a request is ended, and never leased again", async () => {
  await using cluster = await open({ pods: 1, requestsPerWorker: 5 });
  const { supervisors, claim } = cluster;
  const lease = await claim();
  supervisors.keepsEnded = true;
  await end(lease);
  // The supervisor tells the name of the process that ends again, with the name of another one.
  supervisors.start("pod-1");
  await tick();
  assertEquals(supervisors.ended, [lease.worker.name]);
  const others = [await claim(), await claim()];
  assertEquals(others.filter(({ worker }) => worker.name === lease.worker.name), []);
  await Promise.all(others.map(end));
});

Deno.test("a process that died while it was free is not leased", async () => {
  await using cluster = await open({ pods: 1, maxPods: 1 });
  const first = await cluster.claim();
  cluster.supervisors.take("pod-1", "worker-2");
  await tick();
  const next = await cluster.claim();
  assertEquals(next.worker.name, "pod-1/worker-3");
  await Promise.all([first, next].map(end));
});

Deno.test("a worker that cannot be trusted takes its pod along, once the others have answered", async () => {
  await using cluster = await open({ pods: 2, queueLimit: 3 });
  const { pool, api, claim } = cluster;
  const [bad, good] = await Promise.all([claim(), claim()]);
  cluster.use(bad);
  cluster.use(good);
  bad.distrust();
  await end(bad);
  await tick();
  assertEquals(api.deleted, []);
  // The new processes of that pod get no request.
  const next = await claim();
  assertEquals(next.worker.name.split("/")[0], "pod-2");
  await keep(good);
  await tick();
  assertEquals(api.deleted, ["pod-1"]);
  await keep(next);
  assertEquals(pool.stats().busy, 0);
});

Deno.test("no process of a pod that is given up serves again, also one that may", async () => {
  await using cluster = await open({ pods: 1, maxPods: 1, requestsPerWorker: 5, queueLimit: 3 });
  const { pool, api, claim } = cluster;
  const [bad, good] = await Promise.all([claim(), claim()]);
  bad.distrust();
  await end(bad);
  const waiting = claim();
  await tick();
  await keep(good);
  await tick();
  assertEquals([pool.stats().waiters, api.deleted], [1, ["pod-1"]]);
  api.add("pod-2");
  await end(await waiting);
});

Deno.test("a client that disconnects costs a process, and not its pod", async () => {
  await using cluster = await open({ pods: 1 });
  const lease = await cluster.claim();
  cluster.use(lease);
  await end(lease);
  await tick();
  assertEquals(cluster.api.deleted, []);
  assertEquals(cluster.pool.stats().free, 2);
});

Deno.test("a pod whose supervisor takes no more requests is deleted after its last answer", async () => {
  await using cluster = await open({ pods: 1, maxPods: 1, queueLimit: 3 });
  const { api, supervisors, claim } = cluster;
  const lease = await claim();
  supervisors.stop("pod-1");
  await tick();
  const waiting = claim();
  await tick();
  assertEquals([api.deleted, cluster.pool.stats().waiters], [[], 1]);
  await keep(lease);
  api.add("pod-2");
  assertEquals((await waiting).worker.name, "pod-2/worker-1");
  assertEquals(api.deleted, ["pod-1"]);
  await end(await waiting);
});

Deno.test("a pod is recycled when a request could last longer than its claim", async () => {
  await using cluster = await open({ pods: 2, maxPods: 1 });
  const { api, clock, delays, claim } = cluster;
  await keep(await claim());
  // The claim lasts 60 s, and a request may need 10 s.
  clock.ms = 50_001;
  const lease = await claim();
  assertEquals(lease.worker.name.split("/")[0], "pod-2");
  assertEquals(api.deleted, ["pod-1"]);
  await keep(lease);
  await tick();
  // No request comes: the pod is not kept until one does.
  assertEquals(api.deleted, ["pod-1"]);
  await delays.pass(50_000);
  assertEquals(api.deleted, ["pod-1", "pod-2"]);
});

Deno.test("a rollout, a pod that is not ready and a closing pool end the use of a pod", async () => {
  const ends = [
    (api: FakePodApi) =>
      api.add("new", {
        labels: { app: "w", status: "ready", "pod-template-hash": "new" },
        createdAt: api.clock + 1000,
      }),
    (api: FakePodApi) => api.change("pod-1", { ready: false }),
    (api: FakePodApi) => api.change("pod-1", { deleting: true }),
  ];
  for (const change of ends) {
    await using cluster = await open({ pods: 1, maxPods: 1 });
    const lease = await cluster.claim();
    change(cluster.api);
    await tick();
    assertEquals(cluster.api.deleted, []);
    await keep(lease);
    await tick();
    assertEquals(cluster.api.deleted, ["pod-1"]);
  }
  await using cluster = await open({ pods: 1 });
  const lease = await cluster.claim();
  const closed = cluster.pool[Symbol.asyncDispose]();
  await tick();
  assertEquals(cluster.api.deleted, []);
  await keep(lease);
  await closed;
  assertEquals(cluster.api.deleted, ["pod-1"]);
});

Deno.test("a pod that the network still hides is asked again, and a pod that stays hidden is deleted", async () => {
  await using cluster = await open({ pods: 2, maxPods: 1 });
  const { api, supervisors, clock, delays } = cluster;
  supervisors.unreached = 2;
  const claiming = cluster.claim();
  for (const ms of [25, 50]) {
    await tick();
    await delays.pass(ms);
  }
  const lease = await claiming;
  assertEquals([lease.worker.name, api.deleted], ["pod-1/worker-1", []]);
  lease.distrust();
  await end(lease);
  await tick();
  assertEquals(api.deleted, ["pod-1"]);

  supervisors.unreached = 2;
  const next = cluster.claim();
  await tick();
  clock.ms = 2001;
  await delays.pass(25);
  await tick();
  assertEquals(api.deleted, ["pod-1", "pod-2"]);
  api.add("pod-3");
  const last = await next;
  assertEquals(last.worker.name, "pod-3/worker-1");
  await end(last);
});

Deno.test("when the claim of a pod is lost, the requests that wait for it claim another one", async () => {
  const api = new FakePodApi();
  await using cluster = await open({ pods: 3, maxPods: 2, api, queueLimit: 3 });
  const start = api.stall("patch");
  const claiming = [cluster.claim(), cluster.claim(), cluster.claim()];
  await tick();
  // Another replica claims the first pod.
  api.change("pod-1", { labels: { app: "w", status: "busy" } });
  start();
  const leases = await Promise.all(claiming);
  assertEquals(leases.length, 3);
  assertEquals(leases.some(({ worker }) => worker.name.startsWith("pod-1/")), false);
  await Promise.all(leases.map(end));
});

Deno.test("a request that waits for a lost pod of one process claims another pod", async () => {
  const api = new FakePodApi();
  await using cluster = await open({ pods: 2, maxPods: 1, perPod: 1, api, queueLimit: 3 });
  const start = api.stall("patch");
  const gone = new AbortController();
  const first = assertRejects(() => cluster.pool.claim(gone.signal), Error, "gone");
  const second = cluster.claim();
  await tick();
  gone.abort(new Error("gone"));
  await first;
  api.change("pod-1", { labels: { app: "w", status: "busy" } });
  start();
  await tick();
  assertEquals(cluster.pool.stats().waiters, 0);
  const lease = await second;
  assertEquals(lease.worker.name, "pod-2/worker-1");
  await end(lease);
});

Deno.test("while no process is free, a full queue refuses", async () => {
  await using cluster = await open({ pods: 1, maxPods: 1, queueLimit: 1 });
  const { pool, claim, supervisors } = cluster;
  supervisors.isSlow = true;
  const leases = await Promise.all([claim(), claim()]);
  leases.forEach(cluster.use);
  await Promise.all(leases.map(keep));
  const waiting = claim();
  await tick();
  assertEquals(pool.stats(), { free: 0, busy: 0, starting: 0, waiters: 1, warmed: true });
  const refusal = await assertRejects(claim, NoWorkerAvailable);
  assertEquals(refusal.retryAfterSeconds! >= 1, true);
  supervisors.start("pod-1");
  await end(await waiting);
});
