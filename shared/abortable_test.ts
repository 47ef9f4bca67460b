import { assertEquals, assertRejects } from "@std/assert";
import { forever } from "../tests/support/forever.ts";
import { abortable } from "./abortable.ts";

Deno.test("a promise that settles before an abort gives the result", async () => {
  assertEquals(await abortable(Promise.resolve("done"), forever()), "done");
  const error = new RangeError("Failed");
  assertEquals(
    await assertRejects(() => abortable(Promise.reject(error), forever()), RangeError),
    error,
  );
});

Deno.test("an abort rejects with the signal's reason, before and during the wait", async () => {
  const reason = new RangeError("Over"), never = new Promise(() => {});
  const controller = new AbortController();
  const waiting = abortable(never, controller.signal);
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting, RangeError), reason);
  assertEquals(await assertRejects(() => abortable(never, controller.signal), RangeError), reason);
});

Deno.test("an error after an abort is ignored", async () => {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<void>();
  const waiting = abortable(promise, controller.signal);
  controller.abort(new RangeError("Over"));
  await assertRejects(() => waiting, RangeError);
  reject(new TypeError("Nobody waits for it"));
});
