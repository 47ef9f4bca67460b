import fc from "fast-check";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createFakeLog } from "../../../shared/fake_log.ts";
import { createApiMetrics } from "../../metrics.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { NoWorkerAvailable, type WorkerLease } from "../pool.ts";
import { FakeDelays, settle } from "./fake_delays.ts";
import { type FakeCall, FakePodApi, noAnswer } from "./api_server/fake_pod_api.ts";
import { KubernetesPool } from "./kubernetes_pool.ts";
import { ApiError } from "./api_server/pod_api.ts";

const forever = (): AbortSignal => new AbortController().signal;

interface Settings {
  readonly pods?: number;
  readonly queueLimit?: number;
  readonly requestsPerWorker?: number;
  readonly replica?: string;
  readonly api?: FakePodApi;
}

async function open(
  { pods = 2, api = new FakePodApi(), replica = "me", ...settings }: Settings = {},
) {
  for (let i = 1; i <= pods; i++) api.add(`pod-${i}`);
  const clock = { ms: 0 };
  const { log, lines } = createFakeLog();
  const metrics = createApiMetrics();
  const delays = new FakeDelays();
  let claims = 0;
  const pool = new KubernetesPool({
    queueLimit: 3,
    requestsPerWorker: 1,
    ...settings,
    api,
    replica,
    selector: { app: "w", status: "ready" },
    ownerName: "pool",
    workerPort: 8080,
    requestTimeoutMs: 10_000,
    leaseMaxMs: 60_000,
    log,
    metrics: metrics.pool,
    now: () => clock.ms,
    random: () => 0,
    newClaimId: () => `${replica}-${++claims}`,
    delay: delays.delay,
  });
  await settle();
  const measured = async (line: string) => (await metrics.text()).split("\n").includes(line);
  return { pool, api, clock, lines, delays, measured };
}

async function give(lease: WorkerLease): Promise<void> {
  lease.keep();
  await lease[Symbol.asyncDispose]();
}

Deno.test("a claim gets a free pod's address, and its end deletes the pod", async () => {
  const { pool, api } = await open({ pods: 1 });
  assertEquals(pool.stats(), { free: 1, busy: 0, starting: 0, waiters: 0, warmed: true });
  const lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "pod-1");
  assertEquals(lease.worker.url.href, "http://127.0.0.1:8080/");
  assertEquals(pool.stats(), { free: 0, busy: 1, starting: 0, waiters: 0, warmed: true });
  const { labels, annotations, activeDeadlineSeconds } = await api.read("pod-1");
  assertEquals(labels, { app: "w", status: "busy" });
  assertEquals(annotations?.["face-it.io/claimed-by"], "me");
  // 10 s old, 10 s for the request, 5 s before the kubelet does it.
  assertEquals(activeDeadlineSeconds, 25);
  await lease[Symbol.asyncDispose]();
  await settle();
  assertEquals(api.deleted, ["pod-1"]);
  assertEquals(pool.stats().busy, 0);
  await pool[Symbol.asyncDispose]();
  assert(api.closed);
});

Deno.test("only pods that can serve are free; the others are on their way or not counted", async () => {
  const api = new FakePodApi();
  api.add("unready", { ready: false });
  api.add("pending", { ready: false, phase: "Pending", ip: undefined, startedAt: undefined });
  api.add("no-start", { startedAt: undefined });
  api.add("deleting", { deleting: true });
  api.add("failed", { phase: "Failed", ready: false });
  api.add("busy", { labels: { app: "w", status: "busy" } });
  const { pool } = await open({ pods: 0, api });
  assertEquals(pool.stats(), { free: 0, busy: 0, starting: 2, waiters: 0, warmed: false });
  api.change("unready", { ready: true });
  assertEquals(pool.stats().free, 1);
  assert(pool.stats().warmed);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a lost claim moves on to the next pod", async () => {
  const { pool, api, measured } = await open();
  api.hold();
  api.change("pod-1", { labels: { app: "w", status: "busy" } });
  const lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "pod-2");
  assert(await measured('face_it_pool_lost_claims_total{code="422"} 1'));
  assertEquals(pool.stats().free, 0);
  await lease[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

Deno.test("a pod that was lost is offered again only as the watch sees it anew", async () => {
  const { pool, api } = await open({ pods: 1 });
  api.hold();
  api.change("pod-1", {});
  const claim = pool.claim(forever());
  await settle();
  assertEquals(pool.stats().waiters, 1);
  assertEquals(api.calls.filter((call) => call === "patch").length, 1);
  api.tell();
  const lease = await claim;
  assertEquals(lease.worker.name, "pod-1");
  await lease[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

Deno.test("who lost a pod waits at its old place, even when the queue is full", async () => {
  const { pool, api } = await open({ pods: 1, queueLimit: 1 });
  api.hold();
  api.change("pod-1", {});
  const order: string[] = [];
  const [first, second] = ["first", "second"].map(async (name) => {
    const lease = await pool.claim(forever());
    order.push(name);
    return lease;
  });
  await settle();
  assertEquals(pool.stats().waiters, 2);
  api.tell();
  api.add("pod-2");
  for (const lease of [await first!, await second!]) await lease[Symbol.asyncDispose]();
  assertEquals(order, ["first", "second"]);
  await pool[Symbol.asyncDispose]();
});

for (const [status, causes] of [[422, 1], [403, 0], [400, 0]] as const) {
  Deno.test(`a claim refused with ${status} is an error, and the pod stays free`, async () => {
    const { pool, api, measured } = await open({ pods: 1 });
    const refused = new ApiError("claim", status, "no", causes);
    api.fail("patch", { before: refused });
    assertEquals(await assertRejects(() => pool.claim(forever()), ApiError), refused);
    // The client has counted the others.
    const counted = 'face_it_pool_api_failures_total{call="claim",code="422"} 1';
    assertEquals(await measured(counted), status === 422);
    assertEquals(pool.stats().free, 1);
    assertEquals(api.deleted, []);
    await pool[Symbol.asyncDispose]();
  });
}

Deno.test("a 422 that names fields is a fault even when the pod has moved on", async () => {
  const { pool, api } = await open({ pods: 1 });
  api.hold();
  api.change("pod-1", {});
  api.fail("patch", { before: new ApiError("claim", 422, "no", 1) });
  await assertRejects(() => pool.claim(forever()), ApiError);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a 422 is a fault when the pod is as it was", async () => {
  const { pool, api } = await open({ pods: 1 });
  api.fail("patch", { before: new ApiError("claim", 422, "no") });
  await assertRejects(() => pool.claim(forever()), ApiError);
  await pool[Symbol.asyncDispose]();
});

for (const error of [noAnswer(false), new ApiError("claim", 429, "slow down")]) {
  Deno.test(`a claim that the server never acted on is refused: ${error.message}`, async () => {
    const { pool, api } = await open({ pods: 1 });
    api.fail("patch", { before: error });
    await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
    assertEquals(pool.stats().free, 1);
    assertEquals(api.calls.includes("read"), false);
    await pool[Symbol.asyncDispose]();
  });
}

for (const error of [noAnswer(true), new ApiError("claim", 500, "oops")]) {
  Deno.test(`a claim that was applied without an answer is used: ${error.message}`, async () => {
    const { pool, api } = await open();
    api.fail("patch", { after: error });
    const lease = await pool.claim(forever());
    assertEquals(lease.worker.name, "pod-1");
    assertEquals(api.claims.length, 1);
    await lease[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
    assertEquals(api.deleted, ["pod-1"]);
  });

  Deno.test(`a claim that may yet be applied costs the pod: ${error.message}`, async () => {
    const { pool, api, measured } = await open();
    api.fail("patch", { before: error });
    const lease = await pool.claim(forever());
    assertEquals(lease.worker.name, "pod-2");
    assertEquals(api.deleted, ["pod-1"]);
    assert(await measured('face_it_pool_reaped_total{reason="unknown_claim"} 1'));
    await lease[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
  });
}

Deno.test("who stops waiting for a lost answer leaves nothing behind", async () => {
  const { pool, api, clock, delays } = await open({ pods: 1 });
  api.fail("patch", { after: noAnswer(true) });
  api.fail("read", { before: noAnswer(false) });
  const gone = new AbortController(), reason = new RangeError("No patience left");
  const claim = assertRejects(() => pool.claim(gone.signal), RangeError);
  await settle();
  gone.abort(reason);
  assertEquals(await claim, reason);
  assert(api.has("pod-1"));
  // What is left of the claim is too short for another request.
  clock.ms++;
  await delays.pass();
  assertEquals(api.deleted, ["pod-1"]);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a worker serves as often as it may within its lease", async () => {
  const { pool, api, clock } = await open({ pods: 3, requestsPerWorker: 3 });
  const served: string[] = [];
  // The lease is 60 s long, and a request may need 10.
  for (const ms of [0, 0, 0, 0, 50_000, 50_001]) {
    clock.ms = ms;
    const lease = await pool.claim(forever());
    served.push(lease.worker.name);
    await give(lease);
  }
  assertEquals(served.map((name) => served.indexOf(name)), [0, 0, 0, 3, 3, 5]);
  assertEquals(api.deleted, [served[0], served[3]]);
  await pool[Symbol.asyncDispose]();
  assertEquals(api.deleted, [served[0], served[3], served[5]]);
});

Deno.test("a kept worker counts as free until it can take no whole request any more", async () => {
  const { pool, clock } = await open({ pods: 1, requestsPerWorker: 3 });
  await give(await pool.claim(forever()));
  assertEquals(pool.stats().free, 1);
  clock.ms = 50_001;
  assertEquals(pool.stats().free, 0);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a kept worker that does not serve any more is destroyed", async () => {
  const { pool, api } = await open({ pods: 1, requestsPerWorker: 3 });
  await give(await pool.claim(forever()));
  api.change("pod-1", { ready: false });
  await settle();
  assertEquals(pool.stats().free, 0);
  assertEquals(api.deleted, ["pod-1"]);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a worker that stopped serving during its lease is not kept", async () => {
  const changes = [
    (api: FakePodApi) => api.change("pod-1", { ready: false }),
    (api: FakePodApi) => api.change("pod-1", { deleting: true }),
    (api: FakePodApi) => api.remove("pod-1"),
  ];
  for (const change of changes) {
    const { pool, api } = await open({ pods: 1, requestsPerWorker: 3 });
    const lease = await pool.claim(forever());
    change(api);
    const next = pool.claim(forever());
    await give(lease);
    await settle();
    assertEquals(pool.stats().waiters, 1);
    assertEquals(api.has("pod-1"), false);
    api.add("pod-2");
    await (await next)[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
  }
});

/** Of a template's pods, the one that started so many seconds after the others. */
const madeOf = (api: FakePodApi, template: string, seconds: number) => ({
  labels: { app: "w", status: "ready", "pod-template-hash": template },
  startedAt: api.clock + seconds * 1000,
});

Deno.test("a rollout ends the kept workers of the old template, idle or just given back", async () => {
  const api = new FakePodApi();
  for (const name of ["idle", "used"]) api.add(name, madeOf(api, "old", 0));
  const { pool } = await open({ pods: 0, api, requestsPerWorker: 3 });
  const leases = [await pool.claim(forever()), await pool.claim(forever())];
  await give(leases.find(({ worker }) => worker.name === "idle")!);
  api.add("new", madeOf(api, "new", 2));
  // The old ReplicaSet still replaces what is claimed of it, until the rollout is over.
  api.add("older", madeOf(api, "old", 1));
  await settle();
  assertEquals(api.deleted, ["idle"]);
  await give(leases.find(({ worker }) => worker.name === "used")!);
  await settle();
  assertEquals(api.deleted, ["idle", "used"]);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a rollout ends the old template's last worker when its last free pod has gone", async () => {
  const api = new FakePodApi();
  api.add("old-1", madeOf(api, "old", 0));
  const { pool } = await open({ pods: 0, api, requestsPerWorker: 3 });
  await give(await pool.claim(forever()));
  api.add("old-2", madeOf(api, "old", 2));
  api.add("new", madeOf(api, "new", 1));
  await settle();
  assertEquals(api.deleted, []);
  api.remove("old-2");
  await settle();
  assertEquals(api.deleted, ["old-1"]);
  await pool[Symbol.asyncDispose]();
});

Deno.test("kept workers of the newest template stay, and any while no free pod tells it", async () => {
  const api = new FakePodApi();
  api.add("new-1", madeOf(api, "new", 1));
  const { pool } = await open({ pods: 0, api, requestsPerWorker: 3 });
  await give(await pool.claim(forever()));
  api.add("unready", { ...madeOf(api, "other", 3), ready: false });
  api.add("new-2", madeOf(api, "new", 2));
  api.add("old", madeOf(api, "old", 0));
  const lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "new-1");
  assertEquals(api.deleted, []);
  await give(lease);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a deletion that failed is tried again, and counted", async () => {
  const { pool, api, delays, measured } = await open({ pods: 1 });
  const lease = await pool.claim(forever());
  api.fail("delete", { before: noAnswer(true) });
  await lease[Symbol.asyncDispose]();
  await settle();
  assert(api.has("pod-1"));
  assert(await measured("face_it_pool_delete_failures_total 1"));
  await delays.pass();
  assertEquals(api.deleted, ["pod-1"]);
  assert(await measured('face_it_pool_reaped_total{reason="delete_failed"} 1'));
  await pool[Symbol.asyncDispose]();
});

Deno.test("without its owner the pool is not ready and refuses, and says so", async () => {
  const api = new FakePodApi();
  api.owner = undefined;
  const { pool, lines, delays } = await open({ pods: 1, api });
  assertEquals(pool.stats().warmed, false);
  await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  assertEquals(api.calls.includes("patch"), false);
  assert(lines.some(({ msg, level }) => level === "error" && String(msg).includes("ConfigMap")));
  api.owner = "uid";
  api.cut();
  await settle();
  await delays.pass();
  assert(pool.stats().warmed);
  await (await pool.claim(forever()))[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

Deno.test("closing destroys what was kept, and waits for what is on its way", async () => {
  const { pool, api } = await open({ pods: 2, requestsPerWorker: 3 });
  const held = await pool.claim(forever());
  await give(await pool.claim(forever()));
  const closed = pool[Symbol.asyncDispose]();
  await settle();
  assertEquals(api.deleted, ["pod-2"]);
  await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  await give(held);
  await closed;
  assertEquals(api.deleted, ["pod-2", "pod-1"]);
});

Deno.test("closing waits for the deletions and claims that are on their way", async () => {
  for (const call of ["delete", "patch"] as const) {
    const { pool, api } = await open({ pods: 1 });
    const go = api.stall(call);
    const impatient = new AbortController();
    const claim = pool.claim(impatient.signal).then(
      (lease) => lease[Symbol.asyncDispose](),
      () => {},
    );
    await settle();
    impatient.abort();
    await claim;
    const closed = pool[Symbol.asyncDispose]();
    await settle();
    assertEquals(api.closed, false, call);
    go();
    await closed;
    assert(api.closed);
    assertEquals(api.deleted, ["pod-1"]);
  }
});

Deno.test("a claim that wins while the pool closes is served, and its pod deleted", async () => {
  const { pool, api } = await open({ pods: 1 });
  const go = api.stall("patch");
  const claim = pool.claim(forever());
  await settle();
  const closed = pool[Symbol.asyncDispose]();
  await settle();
  go();
  const lease = await claim;
  await settle();
  assertEquals(api.closed, false);
  await lease[Symbol.asyncDispose]();
  await closed;
  assertEquals(api.deleted, ["pod-1"]);
});

Deno.test("who was handed a pod just before the pool closes claims it no more", async () => {
  const { pool, api } = await open({ pods: 0 });
  const claim = assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  await settle();
  api.add("pod-1");
  await pool[Symbol.asyncDispose]();
  await claim;
  assertEquals(api.calls.includes("patch"), false);
});

Deno.test("a claim that is lost while the pool closes tries no other pod", async () => {
  const { pool, api } = await open({ pods: 1 });
  const go = api.stall("patch");
  const claim = assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  await settle();
  api.change("pod-1", {});
  const closed = pool[Symbol.asyncDispose]();
  go();
  await claim;
  await closed;
  assertEquals(api.claims, []);
});

/** Ways for calls to fail, few enough that they meet. */
const failures = fc.array(
  fc.record({
    call: fc.constantFrom<FakeCall>("patch", "read", "delete", "watch", "list"),
    when: fc.constantFrom("before", "after"),
    error: fc.constantFrom(noAnswer(true), new ApiError("any", 500, "oops")),
  }),
  { maxLength: 8 },
);

Deno.test("whatever fails, no pod is claimed or used twice", async () => {
  await fc.assert(
    fc.asyncProperty(
      failures,
      fc.array(fc.boolean(), { maxLength: 12 }),
      async (failures, late) => {
        const api = new FakePodApi();
        const opened = await Promise.all(
          ["a", "b", "c"].map((replica, i) => open({ api, replica, pods: i === 0 ? 6 : 0 })),
        );
        for (const { delays } of opened) delays.atOnce = true;
        for (const { call, when, error } of failures) {
          api.fail(call, when === "before" ? { before: error } : { after: error });
        }
        const used: string[] = [];
        const requests = Array.from({ length: 12 }, async (_, i) => {
          if (late[i]) api.hold();
          try {
            await using lease = await opened[i % 3]!.pool.claim(forever());
            used.push(lease.worker.name);
            await settle();
            // The Deployment's part.
            if (used.length <= 6) api.add(`more-${used.length}`);
          } catch (error) {
            assert(error instanceof NoWorkerAvailable, String(error));
          }
          api.tell();
        });
        const ticking = setInterval(() => api.tell(), 1);
        await Promise.race([
          Promise.all(requests),
          // With failures there may be fewer pods than requests.
          eventually(() => opened.every(({ pool }) => pool.stats().free === 0), "all are used"),
        ]);
        clearInterval(ticking);
        api.tell();
        await Promise.all(opened.map(({ pool }) => pool[Symbol.asyncDispose]()));
        await Promise.all(requests);
        assertEquals(new Set(used).size, used.length, "a pod was used twice");
        const claimed = api.claims.map(({ uid }) => uid);
        assertEquals(new Set(claimed).size, claimed.length, "a pod was claimed twice");
      },
    ),
    { numRuns: 50 },
  );
});
