import { assert, assertEquals, assertRejects } from "@std/assert";
import { createFakeLog } from "../../shared/fake_log.ts";
import { tick } from "../../tests/support/tick.ts";
import { FakeGalleryProcess } from "./fake_gallery_process.ts";
import { LocalGallery } from "./local_gallery.ts";

/** Opens a gallery whose processes, clock and waits the test controls. */
function open() {
  const launches: PromiseWithResolvers<FakeGalleryProcess>[] = [];
  const waits: { readonly ms: number; readonly end: () => void }[] = [];
  const clock = { ms: 0 };
  const { log } = createFakeLog();
  const gallery = new LocalGallery({
    launch: (signal) => {
      const launch = Promise.withResolvers<FakeGalleryProcess>();
      signal.addEventListener("abort", () => launch.reject(signal.reason));
      launches.push(launch);
      return launch.promise;
    },
    log,
    now: () => clock.ms,
    random: () => 1,
    delay: (ms, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => reject(signal.reason));
      waits.push({ ms, end: resolve });
      return promise;
    },
  });
  return { gallery, launches, waits, clock };
}

Deno.test("the address of a gallery is known from its start until its end", async () => {
  const { gallery, launches } = open();
  assertEquals(gallery.url(), undefined);
  const process = new FakeGalleryProcess("http://127.0.0.1:1000");
  launches[0]!.resolve(process);
  await gallery.started;
  assertEquals(gallery.url()?.port, "1000");
  process.die();
  await tick();
  assertEquals(gallery.url(), undefined);
  await gallery[Symbol.asyncDispose]();
});

Deno.test("a gallery that dies is started again, after a wait when it has died early", async () => {
  const { gallery, launches, waits, clock } = open();
  for (const [livedMs, expected] of [[5000, []], [4999, [100]], [4999, [100, 200]]] as const) {
    const process = new FakeGalleryProcess("http://127.0.0.1:1000");
    launches.at(-1)!.resolve(process);
    await tick();
    clock.ms += livedMs;
    process.die();
    await tick();
    assertEquals(waits.map(({ ms }) => ms), [...expected]);
    waits.at(-1)?.end();
    await tick();
  }
  assertEquals(launches.length, 4);
  await gallery[Symbol.asyncDispose]();
});

Deno.test("when the first start fails, `started` rejects; the gallery is started again after a wait", async () => {
  const { gallery, launches, waits } = open();
  launches[0]!.reject(new RangeError("The keys are missing"));
  await assertRejects(() => gallery.started, RangeError, "keys");
  await tick();
  assertEquals([launches.length, waits.length], [1, 1]);
  waits[0]!.end();
  await tick();
  launches[1]!.resolve(new FakeGalleryProcess("http://127.0.0.1:1001"));
  await tick();
  assertEquals(gallery.url()?.port, "1001");
  await gallery[Symbol.asyncDispose]();
});

Deno.test("two processes never run at the same time", async () => {
  const { gallery, launches } = open();
  launches[0]!.resolve(new FakeGalleryProcess("http://127.0.0.1:1000"));
  await tick();
  assertEquals(launches.length, 1);
  await gallery[Symbol.asyncDispose]();
  assertEquals(launches.length, 1);
});

Deno.test("closing asks the process to end, and waits until it has ended", async () => {
  const { gallery, launches } = open();
  const process = new FakeGalleryProcess("http://127.0.0.1:1000", { obeys: false });
  launches[0]!.resolve(process);
  await tick();
  let closed = false;
  const closing = gallery[Symbol.asyncDispose]().then(() => closed = true);
  await tick();
  assertEquals([process.terminations, process.kills, closed], [1, 0, false]);
  process.die();
  await closing;
  assertEquals([process.kills, launches.length], [0, 1]);
});

Deno.test("closing kills a process that does not end in time", async () => {
  const { gallery, launches, waits } = open();
  const process = new FakeGalleryProcess("http://127.0.0.1:1000", { obeys: false });
  launches[0]!.resolve(process);
  await tick();
  const closing = gallery[Symbol.asyncDispose]();
  await tick();
  waits[0]!.end();
  await closing;
  assertEquals(process.kills, 1);
});

Deno.test("closing before the gallery is ready ends the start, and `started` rejects", async () => {
  const { gallery, launches } = open();
  await gallery[Symbol.asyncDispose]();
  await assertRejects(() => gallery.started, Error, "shutting down");
  assert(launches.length === 1);
});
