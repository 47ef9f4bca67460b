import fc from "fast-check";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { backoffMs, delay } from "./backoff.ts";

const OPTIONS = { firstMs: 100, maxMs: 10_000 };

const failures = fc.integer({ min: 1, max: 10_000 });
const random = fc.double({ min: 0, max: 1, noNaN: true });
const options = fc.record({
  firstMs: fc.integer({ min: 1, max: 1000 }),
  maxMs: fc.integer({ min: 1000, max: 100_000 }),
});

Deno.test("a wait is at least half of its full length, and at most its full length", () => {
  fc.assert(fc.property(failures, options, random, (failures, options, random) => {
    const full = Math.min(options.firstMs * 2 ** (failures - 1), options.maxMs);
    const ms = backoffMs(failures, options, random);
    assert(ms >= full / 2 && ms <= full, `${ms} of ${full}`);
  }));
});

Deno.test("waits double up to the maximum", () => {
  assertEquals(
    [1, 2, 3, 7, 8, 9, 100].map((failures) => backoffMs(failures, OPTIONS, 1)),
    [100, 200, 400, 6400, 10_000, 10_000, 10_000],
  );
});

Deno.test("half of a wait is random", () => {
  assertEquals([0, 0.5, 1].map((random) => backoffMs(2, OPTIONS, random)), [100, 150, 200]);
});

Deno.test("a delay ends after its time, or fails with the reason of its signal", async () => {
  const gone = new AbortController(), reason = new RangeError("The client has disconnected");
  await delay(1, gone.signal);
  const waiting = assertRejects(() => delay(3_600_000, gone.signal), Error);
  gone.abort(reason);
  assert(await waiting === reason);
  assert(await assertRejects(() => delay(1, gone.signal), Error) === reason);
});
