// The pool of processes when the gallery changes.

import { assertEquals } from "@std/assert";
import { GALLERY_WITHOUT_MODEL } from "../../gallery_without_model.ts";
import { createFakeLog } from "../../fake_log.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { createApiMetrics } from "../../../api/metrics.ts";
import { FakeLauncher } from "./fake_launcher.ts";
import { ProcessPool } from "./process_pool.ts";

async function open(size: number, requestsPerWorker = 1) {
  const launcher = new FakeLauncher();
  launcher.instant = true;
  const { log, lines } = createFakeLog();
  const pool = new ProcessPool({
    size,
    queueLimit: 3,
    requestsPerWorker,
    launch: launcher.launch,
    log,
    metrics: createApiMetrics().pool,
    now: () => 0,
    random: () => 0,
  });
  await tick();
  launcher.instant = false;
  const running = () =>
    launcher.processes.filter(({ kills }) => kills === 0).map(({ name, gallery }) =>
      `${name} ${gallery}`
    );
  return {
    pool,
    launcher,
    lines,
    running,
    launched: () => launcher.launches.map(({ name }) => name),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

const OLD = ["worker-1 gallery-1", "worker-2 gallery-1"];

Deno.test("free workers stay until one more worker has loaded the changed gallery", async () => {
  await using opened = await open(2);
  const { pool, launcher, running, launched } = opened;
  launcher.changeGallery("gallery-2");
  await tick();
  assertEquals(launched(), ["worker-1", "worker-2", "worker-3"]);
  assertEquals(running(), OLD);
  assertEquals(pool.stats().free, 2);

  launcher.launches[2]!.ready();
  await tick();
  assertEquals(running(), ["worker-3 gallery-2"]);
  assertEquals(launched(), ["worker-1", "worker-2", "worker-3", "worker-4"]);
  assertEquals(pool.stats(), { free: 1, busy: 0, starting: 1, waiters: 0, warmed: true });
  await using lease = await pool.claim(forever());
  assertEquals(lease.worker.name, "worker-3");
});

Deno.test("a gallery that cannot be loaded leaves all workers, and the log says why", async () => {
  await using opened = await open(2);
  const { pool, launcher, lines, running } = opened;
  launcher.changeGallery("broken");
  await tick();
  launcher.launches[2]!.fail(new RangeError("No list of embeddings"));
  await tick();
  assertEquals(running(), OLD);
  assertEquals(pool.stats().free, 2);
  assertEquals(lines.at(-1), {
    level: "error",
    worker: "worker-3",
    error: "RangeError: No list of embeddings",
    failures: 1,
    msg: "the changed gallery cannot be loaded, workers with the old gallery stay",
  });
});

Deno.test("a repaired gallery is tried as soon as it is seen, without the wait after a failure", async () => {
  await using opened = await open(2);
  const { launcher, running, launched } = opened;
  launcher.changeGallery("broken");
  await tick();
  launcher.launches[2]!.fail(new RangeError("No list of embeddings"));
  await tick();
  launcher.changeGallery("gallery-3");
  await tick();
  assertEquals(launched().length, 4);
  launcher.launches[3]!.ready();
  await tick();
  assertEquals(running(), ["worker-4 gallery-3"]);
});

Deno.test("a gallery that stays broken is tried again after a wait", async () => {
  await using opened = await open(1);
  const { launcher, launched } = opened;
  launcher.changeGallery("broken");
  await tick();
  launcher.launches[1]!.fail(new RangeError("No list of embeddings"));
  await eventually(() => launched().length === 3, "another worker is launched");
});

Deno.test("a gallery that changes again during the launch is loaded by another worker", async () => {
  await using opened = await open(1);
  const { launcher, running, launched } = opened;
  launcher.changeGallery("gallery-2");
  await tick();
  const stale = launcher.launches[1]!.ready();
  launcher.changeGallery("gallery-3");
  await tick();
  assertEquals(stale.kills, 1);
  assertEquals(launched(), ["worker-1", "worker-2", "worker-3"]);
  assertEquals(running(), ["worker-1 gallery-1"]);
  launcher.launches[2]!.ready();
  await tick();
  assertEquals(running(), ["worker-3 gallery-3"]);
});

Deno.test("a busy worker ends its request, and is then not kept", async () => {
  await using opened = await open(1, 10);
  const { pool, launcher, running } = opened;
  {
    await using lease = await pool.claim(forever());
    launcher.changeGallery("gallery-2");
    lease.keep();
    assertEquals(running(), ["worker-1 gallery-1"]);
  }
  await tick();
  launcher.launches[1]!.ready();
  await tick();
  assertEquals(running(), ["worker-2 gallery-2"]);
  assertEquals(pool.stats().free, 1);
});

Deno.test("workers that report the same change late start no second replacement", async () => {
  await using opened = await open(2);
  const { launcher, launched } = opened;
  for (let i = 0; i < 3; i++) {
    launcher.changeGallery("gallery-2");
    await tick();
  }
  assertEquals(launched().length, 3);
});

Deno.test("closing kills a worker that has loaded the changed gallery and waits for its turn", async () => {
  await using opened = await open(1);
  const { pool, launcher } = opened;
  await using lease = await pool.claim(forever());
  await tick();
  launcher.launches[1]?.ready();
  launcher.changeGallery("gallery-2");
  await lease[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
  assertEquals(launcher.processes.every(({ kills }) => kills > 0), true);
});

Deno.test("a gallery that does not name its model is logged once, not for each worker", async () => {
  await using opened = await open(2);
  const { pool, launcher, lines } = opened;
  const warnings = () => lines.filter(({ msg }) => msg === GALLERY_WITHOUT_MODEL).length;
  assertEquals(warnings(), 0);
  launcher.withoutModel = true;
  launcher.instant = true;
  launcher.changeGallery("gallery-2");
  await eventually(() => warnings() === 1, "the warning");
  for (let i = 0; i < 3; i++) {
    await using _lease = await pool.claim(forever());
  }
  await tick();
  assertEquals(warnings(), 1);
  launcher.changeGallery("gallery-3");
  await eventually(() => warnings() === 2, "the warning about the other gallery");
});
