import { assertEquals } from "@std/assert";
import { Timeline } from "./timeline.ts";

Deno.test("actions run by time, and actions at the same time in the order of planning", () => {
  const timeline = new Timeline();
  const ran: [name: string, at: number][] = [];
  const plan = (seconds: number, name: string) =>
    timeline.after(seconds, () => ran.push([name, timeline.now]));
  plan(2, "c");
  plan(1, "a");
  plan(2, "d");
  timeline.after(1, () => plan(0.5, "b"));
  timeline.run();
  assertEquals(ran, [["a", 1], ["b", 1.5], ["c", 2], ["d", 2]]);
});

Deno.test("run(untilSeconds) keeps later actions for the next run", () => {
  const timeline = new Timeline();
  const ran: number[] = [];
  for (const seconds of [1, 2, 3]) timeline.after(seconds, () => ran.push(seconds));
  timeline.run(2);
  assertEquals(ran, [1, 2]);
  timeline.run();
  assertEquals(ran, [1, 2, 3]);
});
