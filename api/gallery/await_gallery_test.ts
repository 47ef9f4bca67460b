import { assertEquals } from "@std/assert";
import { createFakeLog } from "../../shared/fake_log.ts";
import { awaitGallery } from "./await_gallery.ts";
import { FakeGallery } from "./fake_gallery.ts";

/** Waits for a gallery that answers after some checks. */
async function wait(failures: number, controller = new AbortController()) {
  const gallery = new FakeGallery();
  gallery.reached = false;
  gallery.down = true;
  const { log, lines } = createFakeLog();
  let delays = 0;
  await awaitGallery(gallery, {
    log,
    delay: () => {
      if (++delays === failures) gallery.down = false;
      if (delays === 1000) controller.abort();
      return Promise.resolve();
    },
  }, controller.signal);
  return { reached: gallery.reached, delays, lines: lines.map(({ level, msg }) => [level, msg]) };
}

Deno.test("a gallery that answers soon is reached without a line in the log", async () => {
  assertEquals(await wait(3), { reached: true, delays: 3, lines: [] });
});

Deno.test("a gallery that answers late is logged once while it is away, and once when it answers", async () => {
  const { reached, lines } = await wait(200);
  assertEquals(reached, true);
  assertEquals(lines, [
    ["warn", "the gallery service does not answer yet"],
    ["info", "the gallery service answers"],
  ]);
});

Deno.test("the waiting ends with the service", async () => {
  const { reached, delays } = await wait(Infinity);
  assertEquals([reached, delays], [false, 1000]);
});
