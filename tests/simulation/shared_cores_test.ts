import { assertEquals } from "@std/assert";
import { SharedCores } from "./shared_cores.ts";
import { Timeline } from "./timeline.ts";

/** Returns the times at which tasks end. `work` is in core-seconds. */
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

Deno.test("when there are more tasks than cores, the tasks share the cores equally", () => {
  assertEquals(ends(2, [[0, 1], [0, 1], [0, 1], [0, 1]]), [2, 2, 2, 2]);
});

Deno.test("a task slows another task down only while both run", () => {
  // From 1 s to 2 s both tasks run at half speed. Then the second task ends, and the first task
  // runs at full speed.
  assertEquals(ends(1, [[0, 2], [1, 0.5]]), [2.5, 2]);
});

Deno.test("a task without work ends immediately", () => {
  assertEquals(ends(1, [[0, 1], [0.5, 0]]), [1, 0.5]);
});
