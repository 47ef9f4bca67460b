import { assertEquals } from "@std/assert";
import { Timeline } from "./timeline.ts";

Deno.test("actions run in the order of their times, those of one time in the order of planning", () => {
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

Deno.test("a timeline that runs until a time leaves later actions planned", () => {
  const timeline = new Timeline();
  const ran: number[] = [];
  for (const seconds of [1, 2, 3]) timeline.after(seconds, () => ran.push(seconds));
  timeline.run(2);
  assertEquals(ran, [1, 2]);
  timeline.run();
  assertEquals(ran, [1, 2, 3]);
});
