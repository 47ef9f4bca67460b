import { assertEquals } from "@std/assert";
import { SharedCores } from "./shared_cores.ts";
import { Timeline } from "./timeline.ts";

/** Returns the times at which tasks end. Each begins at a time and needs some core-seconds. */
function ends(cores: number, tasks: readonly (readonly [beginsAt: number, work: number])[]) {
  const timeline = new Timeline();
  const shared = new SharedCores(timeline, cores);
  const ended: number[] = [];
  for (const [i, [beginsAt, work]] of tasks.entries()) {
    timeline.after(beginsAt, () => shared.run(work, () => ended[i] = timeline.now));
  }
  timeline.run();
  return ended.map((at) => Number(at.toFixed(9)));
}

Deno.test("a task uses at most one core", () => {
  assertEquals(ends(4, [[0, 1], [0, 2]]), [1, 2]);
});

Deno.test("more tasks than cores share them equally", () => {
  assertEquals(ends(2, [[0, 1], [0, 1], [0, 1], [0, 1]]), [2, 2, 2, 2]);
});

Deno.test("a task that begins later slows the running task down until it ends", () => {
  // From 1 to 2 both run at half speed. Then the second is done and the first runs alone.
  assertEquals(ends(1, [[0, 2], [1, 0.5]]), [2.5, 2]);
});

Deno.test("a task without work ends at once", () => {
  assertEquals(ends(1, [[0, 1], [0.5, 0]]), [1, 0.5]);
});
