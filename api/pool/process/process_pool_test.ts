import { assert, assertEquals, assertRejects } from "@std/assert";
import { createFakeLog } from "../../../shared/fake_log.ts";
import { createApiMetrics } from "../../metrics.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { FakeLauncher } from "./fake_launcher.ts";
import { NoWorkerAvailable, type WorkerLease } from "../pool.ts";
import { ProcessPool } from "./process_pool.ts";

const forever = (): AbortSignal => new AbortController().signal;

/** Lets everything happen that needs no more time. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

interface Settings {
  readonly size?: number;
  readonly queueLimit?: number;
  readonly requestsPerWorker?: number;
  /** Whether launches are ready at once. */
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
  return { pool, launcher, clock, lines, measured };
}

const names = ({ launches }: FakeLauncher) => launches.map(({ name }) => name);

async function give(lease: WorkerLease): Promise<void> {
  lease.keep();
  await lease[Symbol.asyncDispose]();
}

Deno.test("a pool launches as many workers as it has slots, and is warm with the first", async () => {
  const { pool, launcher } = open({ size: 3, instant: false });
  const none = { busy: 0, waiters: 0 };
  assertEquals(pool.stats(), { ...none, free: 0, starting: 3, warmed: false });
  launcher.launches[1]!.ready();
  await pool.started;
  assertEquals(pool.stats(), { ...none, free: 1, starting: 2, warmed: true });
  launcher.launches[0]!.ready();
  launcher.launches[2]!.ready();
  await settle();
  assertEquals(pool.stats(), { ...none, free: 3, starting: 0, warmed: true });
  await pool[Symbol.asyncDispose]();
});

Deno.test("a worker that served is killed and one with another name takes its place", async () => {
  const { pool, launcher } = open();
  await settle();
  const lease = await pool.claim(forever());
  assertEquals(pool.stats().busy, 1);
  await give(lease);
  await settle();
  assertEquals(launcher.processes[0]!.kills, 1);
  assertEquals(names(launcher), ["worker-1", "worker-2"]);
  assertEquals(pool.stats().free, 1);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a worker serves as often as it may, unless its lease is not kept", async () => {
  const { pool, launcher } = open({ requestsPerWorker: 3 });
  const served: string[] = [];
  for (const kept of [true, true, true, true, false, true]) {
    await settle();
    const lease = await pool.claim(forever());
    served.push(lease.worker.name);
    if (kept) lease.keep();
    await lease[Symbol.asyncDispose]();
  }
  assertEquals(
    served,
    ["worker-1", "worker-1", "worker-1", "worker-2", "worker-2", "worker-3"],
  );
  assertEquals(launcher.processes.map(({ kills }) => kills), [1, 1, 0]);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a new worker goes to whoever has waited longest", async () => {
  const { pool, launcher } = open({ size: 2, instant: false });
  const claims = [pool.claim(forever()), pool.claim(forever())];
  assertEquals(pool.stats().waiters, 2);
  launcher.launches[1]!.ready();
  const first = await claims[0]!;
  assertEquals(first.worker.name, "worker-2");
  assertEquals(pool.stats(), { free: 0, busy: 1, starting: 1, waiters: 1, warmed: true });
  launcher.launches[0]!.ready();
  const second = await claims[1]!;
  await Promise.all([
    first[Symbol.asyncDispose](),
    second[Symbol.asyncDispose](),
    pool[Symbol.asyncDispose](),
  ]);
});

Deno.test("time in the queue is measured", async () => {
  const { pool, launcher, clock, measured } = open({ instant: false });
  const claim = pool.claim(forever());
  clock.ms += 1500;
  launcher.launches[0]!.ready();
  const lease = await claim;
  assert(await measured("face_it_pool_wait_seconds_sum 1.5"));
  assert(await measured("face_it_pool_claim_seconds_count 1"));
  await lease[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

Deno.test("one claim too many is refused, and counted", async () => {
  const { pool, measured } = open({ instant: false, queueLimit: 1 });
  const waiting = assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  const refusal = await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  assertEquals(refusal.retryAfterSeconds, 2);
  assert(await measured("face_it_pool_shed_total 1"));
  await pool[Symbol.asyncDispose]();
  await waiting;
});

Deno.test("a refusal's time goes by how fast the pool filled", async () => {
  const { pool, launcher, clock } = open({ size: 2, instant: false, queueLimit: 0 });
  clock.ms += 6000;
  for (const launch of launcher.launches) launch.ready();
  await settle();
  assertEquals(pool.refusal("Too many").retryAfterSeconds, 3);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a pool whose first worker does not start says so", async () => {
  const { pool, launcher, lines } = open({ size: 2, instant: false });
  launcher.launches[0]!.fail(new RangeError("The gallery cannot be read"));
  await assertRejects(() => pool.started, RangeError, "gallery");
  assertEquals(lines.at(-1)!["error"], "RangeError: The gallery cannot be read");
  await pool[Symbol.asyncDispose]();
});

Deno.test("a worker that does not start is tried again, later", async () => {
  const { pool, launcher } = open({ instant: false });
  launcher.launches[0]!.fail(new RangeError("Once"));
  await settle();
  assertEquals(launcher.launches.length, 1);
  assertEquals(pool.stats().starting, 0);
  launcher.instant = true;
  await eventually(() => pool.stats().free === 1, "another worker is there");
  assertEquals(names(launcher), ["worker-1", "worker-2"]);
  await pool[Symbol.asyncDispose]();
});

Deno.test("a worker that dies idle at once is replaced later, one that lived is at once", async () => {
  for (const [livedMs, launches] of [[4999, 1], [5000, 2]] as const) {
    const { pool, launcher, clock, lines, measured } = open();
    await settle();
    clock.ms += livedMs;
    launcher.processes[0]!.die();
    await settle();
    assertEquals(launcher.launches.length, launches);
    assertEquals(pool.stats().free, launches - 1);
    assertEquals(lines.at(-1)!["msg"], "worker died idle");
    assert(await measured('face_it_pool_reaped_total{reason="died_idle"} 1'));
    await pool[Symbol.asyncDispose]();
  }
});

Deno.test("a worker that dies in its request is replaced at once", async () => {
  const { pool, launcher } = open();
  await settle();
  const lease = await pool.claim(forever());
  launcher.processes[0]!.die();
  await settle();
  assertEquals(pool.stats().free, 1);
  await lease[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

Deno.test("a pool that is closed before a worker is there has not started", async () => {
  const { pool } = open({ instant: false });
  await pool[Symbol.asyncDispose]();
  await assertRejects(() => pool.started, NoWorkerAvailable);
});

Deno.test("a worker that dies idle is leased to nobody", async () => {
  const { pool, launcher } = open({ size: 2 });
  await settle();
  launcher.processes[0]!.die();
  await settle();
  const lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "worker-2");
  await lease[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

Deno.test("a worker that dies while it is leased is replaced at once, and not given again", async () => {
  const { pool, launcher } = open({ requestsPerWorker: 10 });
  await settle();
  const lease = await pool.claim(forever());
  launcher.processes[0]!.die();
  await settle();
  assertEquals(names(launcher), ["worker-1", "worker-2"]);
  assertEquals(pool.stats().busy, 1);
  await give(lease);
  assertEquals(pool.stats(), { free: 1, busy: 0, starting: 0, waiters: 0, warmed: true });
  const next = await pool.claim(forever());
  assertEquals(next.worker.name, "worker-2");
  await next[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

Deno.test("closing ends launches, idle workers and the queue, and waits for the leases", async () => {
  const { pool, launcher } = open({ size: 3, instant: false });
  const idle = launcher.launches[0]!.ready();
  const lease = await pool.claim(forever());
  assertEquals(lease.worker.name, idle.name);
  const second = launcher.launches[1]!.ready();
  await settle();
  let closed = false;
  const closing = pool[Symbol.asyncDispose]().then(() => closed = true);
  await assertRejects(() => pool.claim(forever()), NoWorkerAvailable, "shutting down");
  await settle();
  assertEquals(second.kills, 1);
  assertEquals(closed, false);
  await give(lease);
  await closing;
  assertEquals(idle.kills, 1);
  assertEquals(launcher.launches.length, 3);
});

Deno.test("closing sends the queue away", async () => {
  const { pool } = open({ instant: false });
  const waiting = [1, 2].map(() =>
    assertRejects(() => pool.claim(forever()), NoWorkerAvailable, "shutting down")
  );
  await pool[Symbol.asyncDispose]();
  await Promise.all(waiting);
});

Deno.test("closing does not wait for a launch to be tried again", async () => {
  const { pool, launcher } = open({ instant: false });
  launcher.launches[0]!.fail(new RangeError("Once"));
  await settle();
  await pool[Symbol.asyncDispose]();
  assertEquals(launcher.launches.length, 1);
});

Deno.test("a worker that becomes ready as the pool closes is killed", async () => {
  const { pool, launcher } = open({ instant: false });
  const process = launcher.launches[0]!.ready();
  await pool[Symbol.asyncDispose]();
  assertEquals(process.kills, 1);
  assertEquals(pool.stats().free, 0);
});
