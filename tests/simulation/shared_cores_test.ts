import { assertEquals } from "@std/assert";
import { SharedCores } from "./shared_cores.ts";
import { Timeline } from "./timeline.ts";

/** When tasks end that begin at a time and need so many core-seconds. */
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

Deno.test("a task uses one core at most", () => {
  assertEquals(ends(4, [[0, 1], [0, 2]]), [1, 2]);
});

Deno.test("more tasks than cores share them equally", () => {
  assertEquals(ends(2, [[0, 1], [0, 1], [0, 1], [0, 1]]), [2, 2, 2, 2]);
});

Deno.test("who comes later slows down who runs, until it is done", () => {
  // Both at half speed from 1 to 2, when the second has its half; the first alone again.
  assertEquals(ends(1, [[0, 2], [1, 0.5]]), [2.5, 2]);
});

Deno.test("a task without work ends at once", () => {
  assertEquals(ends(1, [[0, 1], [0.5, 0]]), [1, 0.5]);
});
