import { assert, assertEquals, assertRejects } from "@std/assert";
import { createFakeLog } from "../../fake_log.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { createApiMetrics } from "../../../api/metrics.ts";
import { NoWorkerAvailable, type WorkerLease } from "../pool.ts";
import { FakeLauncher } from "./fake_launcher.ts";
import { ProcessPool } from "./process_pool.ts";

interface Settings {
  readonly size?: number;
  readonly queueLimit?: number;
  readonly requestsPerWorker?: number;
  /** True by default: each launch is ready immediately. */
  readonly instant?: boolean;
}

function open({ instant = true, ...settings }: Settings = {}) {
  const clock = { ms: 0 };
  const launcher = new FakeLauncher();
  launcher.instant = instant;
  const { log, lines } = createFakeLog();
  const metrics = createApiMetrics();
  const pool = new ProcessPool({
    size: 1,
    queueLimit: 3,
    requestsPerWorker: 1,
    ...settings,
    launch: launcher.launch,
    log,
    metrics: metrics.pool,
    now: () => clock.ms,
    random: () => 0,
  });
  const measured = async (line: string) => (await metrics.text()).split("\n").includes(line);
  const close = () => pool[Symbol.asyncDispose]();
  return { pool, launcher, clock, lines, measured, [Symbol.asyncDispose]: close };
}

const names = ({ launches }: FakeLauncher) => launches.map(({ name }) => name);

/** Ends a lease without keeping its worker. */
const end = (lease: WorkerLease) => lease[Symbol.asyncDispose]();

/** Ends a lease and keeps its worker. */
function keep(lease: WorkerLease) {
  lease.keep();
  return end(lease);
}

Deno.test("a pool launches a worker for each slot, and is warm when the first worker is ready", async () => {
  await using opened = open({ size: 3, instant: false });
  const { pool, launcher } = opened;
  const none = { busy: 0, waiters: 0 };
  assertEquals(pool.stats(), { ...none, free: 0, starting: 3, warmed: false });
  launcher.launches[1]!.ready();
  await pool.started;
  assertEquals(pool.stats(), { ...none, free: 1, starting: 2, warmed: true });
  launcher.launches[0]!.ready();
  launcher.launches[2]!.ready();
  await tick();
  assertEquals(pool.stats(), { ...none, free: 3, starting: 0, warmed: true });
});

Deno.test("a worker that has served is killed, and a worker with a new name replaces it", async () => {
  await using opened = open();
  const { pool, launcher } = opened;
  await tick();
  await using lease = await pool.claim(forever());
  assertEquals(pool.stats().busy, 1);
  await keep(lease);
  await tick();
  assertEquals(launcher.processes[0]!.kills, 1);
  assertEquals(names(launcher), ["worker-1", "worker-2"]);
  assertEquals(pool.stats().free, 1);
});

Deno.test("a worker serves up to `requestsPerWorker` requests while each lease keeps it", async () => {
  await using opened = open({ requestsPerWorker: 3 });
  const { pool, launcher } = opened;
  const served: string[] = [];
  for (const kept of [true, true, true, true, false, true]) {
    await tick();
    await using lease = await pool.claim(forever());
    served.push(lease.worker.name);
    if (kept) lease.keep();
    await end(lease);
  }
  assertEquals(
    served,
    ["worker-1", "worker-1", "worker-1", "worker-2", "worker-2", "worker-3"],
  );
  assertEquals(launcher.processes.map(({ kills }) => kills), [1, 1, 0]);
});

Deno.test("a new worker goes to the claim that came first", async () => {
  await using opened = open({ size: 2, instant: false });
  const { pool, launcher } = opened;
  const claims = [pool.claim(forever()), pool.claim(forever())];
  assertEquals(pool.stats().waiters, 2);
  launcher.launches[1]!.ready();
  await using first = await claims[0]!;
  assertEquals(first.worker.name, "worker-2");
  assertEquals(pool.stats(), { free: 0, busy: 1, starting: 1, waiters: 1, warmed: true });
  launcher.launches[0]!.ready();
  await using second = await claims[1]!;
  assertEquals(second.worker.name, "worker-1");
});

Deno.test("time in the queue is measured", async () => {
  await using opened = open({ instant: false });
  const { pool, launcher, clock, measured } = opened;
  const claim = pool.claim(forever());
  clock.ms += 1500;
  launcher.launches[0]!.ready();
  await using _lease = await claim;
  assert(await measured("face_it_pool_wait_seconds_sum 1.5"));
  assert(await measured("face_it_pool_claim_seconds_count 1"));
});

Deno.test("a claim over the queue's limit is refused, and counted", async () => {
  await using opened = open({ instant: false, queueLimit: 1 });
  const { pool, measured } = opened;
  const waiting = assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  const refusal = await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  assertEquals(refusal.retryAfterSeconds, 2);
  assert(await measured("face_it_pool_shed_total 1"));
  await pool[Symbol.asyncDispose]();
  await waiting;
});

Deno.test("the time to retry depends on how fast the pool has filled", async () => {
  await using opened = open({ size: 2, instant: false, queueLimit: 0 });
  const { pool, launcher, clock } = opened;
  clock.ms += 6000;
  for (const launch of launcher.launches) launch.ready();
  await tick();
  assertEquals(pool.refusal("Too many").retryAfterSeconds, 3);
});

Deno.test("when the first worker fails to start, `started` rejects with the reason, and nothing is logged", async () => {
  await using opened = open({ size: 2, instant: false });
  const { pool, launcher, lines } = opened;
  launcher.launches[0]!.fail(new RangeError("The gallery cannot be read"));
  await assertRejects(() => pool.started, RangeError, "gallery");
  assertEquals(lines, []);
});

Deno.test("when a worker fails to start, another worker is started after a wait", async () => {
  await using opened = open({ instant: false });
  const { pool, launcher } = opened;
  launcher.launches[0]!.fail(new RangeError("Once"));
  await tick();
  assertEquals(launcher.launches.length, 1);
  assertEquals(pool.stats().starting, 0);
  launcher.instant = true;
  await eventually(() => pool.stats().free === 1, "another worker is free");
  assertEquals(names(launcher), ["worker-1", "worker-2"]);
});

Deno.test("an idle worker that dies is replaced immediately if it lived 5 s, otherwise after a wait", async () => {
  for (const [livedMs, launches] of [[4999, 1], [5000, 2]] as const) {
    await using opened = open();
    const { pool, launcher, clock, lines, measured } = opened;
    await tick();
    clock.ms += livedMs;
    launcher.processes[0]!.die();
    await tick();
    assertEquals(launcher.launches.length, launches);
    assertEquals(pool.stats().free, launches - 1);
    assertEquals(lines.at(-1)!["msg"], "worker died idle");
    assert(await measured('face_it_pool_reaped_total{reason="died_idle"} 1'));
  }
});

Deno.test("a worker that dies during its request is replaced immediately", async () => {
  await using opened = open();
  const { pool, launcher } = opened;
  await tick();
  await using _lease = await pool.claim(forever());
  launcher.processes[0]!.die();
  await tick();
  assertEquals(pool.stats().free, 1);
});

Deno.test("`started` rejects when the pool is closed before a worker is ready", async () => {
  await using opened = open({ instant: false });
  const { pool } = opened;
  await pool[Symbol.asyncDispose]();
  await assertRejects(() => pool.started, NoWorkerAvailable);
});

Deno.test("an idle worker that has died is not leased", async () => {
  await using opened = open({ size: 2 });
  const { pool, launcher } = opened;
  await tick();
  launcher.processes[0]!.die();
  await tick();
  await using lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "worker-2");
});

Deno.test("a worker that dies during its lease is replaced immediately, and not leased again", async () => {
  await using opened = open({ requestsPerWorker: 10 });
  const { pool, launcher } = opened;
  await tick();
  await using lease = await pool.claim(forever());
  launcher.processes[0]!.die();
  await tick();
  assertEquals(names(launcher), ["worker-1", "worker-2"]);
  assertEquals(pool.stats().busy, 1);
  await keep(lease);
  assertEquals(pool.stats(), { free: 1, busy: 0, starting: 0, waiters: 0, warmed: true });
  await using next = await pool.claim(forever());
  assertEquals(next.worker.name, "worker-2");
});

Deno.test("closing kills idle workers, starts no more, and waits for the leases", async () => {
  await using opened = open({ size: 3, instant: false });
  const { pool, launcher } = opened;
  const idle = launcher.launches[0]!.ready();
  await using lease = await pool.claim(forever());
  assertEquals(lease.worker.name, idle.name);
  const second = launcher.launches[1]!.ready();
  await tick();
  let closed = false;
  const closing = pool[Symbol.asyncDispose]().then(() => closed = true);
  await assertRejects(() => pool.claim(forever()), NoWorkerAvailable, "shutting down");
  await tick();
  assertEquals(second.kills, 1);
  assertEquals(closed, false);
  await keep(lease);
  await closing;
  assertEquals(idle.kills, 1);
  assertEquals(launcher.launches.length, 3);
});

Deno.test("a worker that the closing pool kills is not counted as `died_idle`", async () => {
  await using opened = open({ size: 2 });
  const { pool, launcher, lines, measured } = opened;
  await tick();
  await pool[Symbol.asyncDispose]();
  assertEquals(launcher.processes.map(({ kills }) => kills), [1, 1]);
  assertEquals(lines, []);
  assertEquals(await measured('face_it_pool_reaped_total{reason="died_idle"} 2'), false);
});

Deno.test("closing refuses the claims that wait", async () => {
  await using opened = open({ instant: false });
  const { pool } = opened;
  const waiting = [1, 2].map(() =>
    assertRejects(() => pool.claim(forever()), NoWorkerAvailable, "shutting down")
  );
  await pool[Symbol.asyncDispose]();
  await Promise.all(waiting);
});

Deno.test("closing does not wait for the pause after a failed start", async () => {
  await using opened = open({ instant: false });
  const { pool, launcher } = opened;
  launcher.launches[0]!.fail(new RangeError("Once"));
  await tick();
  await pool[Symbol.asyncDispose]();
  assertEquals(launcher.launches.length, 1);
});

Deno.test("a worker that becomes ready while the pool closes is killed", async () => {
  await using opened = open({ instant: false });
  const { pool, launcher } = opened;
  const process = launcher.launches[0]!.ready();
  await pool[Symbol.asyncDispose]();
  assertEquals(process.kills, 1);
  assertEquals(pool.stats().free, 0);
});
