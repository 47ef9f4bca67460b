import { assertEquals } from "@std/assert";
import { tick } from "../../../tests/support/tick.ts";
import { Unfinished } from "./unfinished.ts";

Deno.test("`ended` waits for all work, also for work that is added later or that fails", async () => {
  const unfinished = new Unfinished();
  const first = Promise.withResolvers<void>(), second = Promise.withResolvers<void>();
  let ended = false;
  unfinished.add(first.promise);
  const waiting = unfinished.ended().then(() => ended = true);
  unfinished.add(second.promise);
  first.reject(new RangeError("Failed"));
  await tick();
  assertEquals(ended, false);
  second.resolve();
  await waiting;
});

Deno.test("without work, `ended` does not wait", async () => {
  const unfinished = new Unfinished();
  await unfinished.add(Promise.resolve("done"));
  await unfinished.ended();
});
