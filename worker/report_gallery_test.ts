import { assertEquals } from "@std/assert";
import { tick } from "../tests/support/tick.ts";
import { LOOK_MS, reportGallery } from "./report_gallery.ts";

Deno.test("the loaded gallery is reported once, and each other one as soon as it is seen", async () => {
  let now = "a";
  const lines: unknown[] = [];
  const calls: [number, () => void][] = [];
  await reportGallery({ first: "a", look: () => Promise.resolve(now) }, {
    withoutModel: true,
    print: (line) => void lines.push(JSON.parse(line)),
    every: (ms, call) => void calls.push([ms, call]),
  });
  assertEquals(calls.map(([ms]) => ms), [LOOK_MS]);
  for (const seen of ["a", "b", "b", "c", "a"]) {
    now = seen;
    calls[0]![1]();
    await tick();
  }
  assertEquals(
    lines,
    ["a", "b", "c", "a"].map((seen) => ({ gallery: { loaded: "a", seen, without_model: true } })),
  );
});

Deno.test("a gallery that changed while it was loaded is reported at first", async () => {
  const lines: unknown[] = [];
  await reportGallery({ first: "a", look: () => Promise.resolve("b") }, {
    withoutModel: false,
    print: (line) => void lines.push(JSON.parse(line)),
    every: () => {},
  });
  assertEquals(lines, [{ gallery: { loaded: "a", seen: "b", without_model: false } }]);
});
