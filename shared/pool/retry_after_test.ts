import { assert, assertEquals } from "@std/assert";
import { RetryAfter } from "./retry_after.ts";

function setUp() {
  const clock = { ms: 5000 };
  return { clock, retryAfter: new RetryAfter(() => clock.ms) };
}

/** Lets 50 workers become free at a steady interval while claims wait. */
function refill({ clock, retryAfter }: ReturnType<typeof setUp>, intervalMs: number): void {
  for (let i = 0; i < 50; i++) {
    clock.ms += intervalMs;
    retryAfter.workerArrived(3);
  }
}

Deno.test("before anything is measured, a worker is expected every second", () => {
  const { retryAfter } = setUp();
  assertEquals([1, 2, 3].map(() => retryAfter.promise(0)), [1, 2, 3]);
});

Deno.test("until an interval is measured, the time that the pool took to fill is used", () => {
  const setup = setUp();
  setup.retryAfter.assume(250);
  assertEquals([1, 2, 3, 4, 5].map(() => setup.retryAfter.promise(0)), [1, 1, 1, 1, 2]);
  setup.retryAfter.workerArrived(0);
  refill(setup, 2000);
  setup.retryAfter.assume(250);
  assertEquals(setup.retryAfter.promise(0), 2);
});

Deno.test("a refused client should retry after all waiting claims are served", () => {
  assertEquals(setUp().retryAfter.promise(5), 6);
});

Deno.test("refused clients retry at the rate at which workers become free", () => {
  const setup = setUp();
  refill(setup, 500);
  assertEquals([1, 2, 3, 4, 5].map(() => setup.retryAfter.promise(4)), [3, 3, 4, 4, 5]);
});

Deno.test("times that have passed no longer count", () => {
  const { clock, retryAfter } = setUp();
  for (let i = 0; i < 10; i++) retryAfter.promise(0);
  clock.ms += 8000;
  assertEquals(retryAfter.promise(0), 3);
  clock.ms += 60_000;
  assertEquals(retryAfter.promise(0), 1);
});

Deno.test("a time to retry is at least a second and at most a minute", () => {
  const fast = setUp();
  refill(fast, 10);
  assertEquals(fast.retryAfter.promise(0), 1);
  const slow = setUp();
  refill(slow, 45_000);
  assertEquals([slow.retryAfter.promise(0), slow.retryAfter.promise(0)], [45, 60]);
  assertEquals(setUp().retryAfter.promise(10_000), 60);
  const uneven = setUp();
  // Here rounding makes the difference slightly more than 60 s.
  uneven.clock.ms = 15_951.850404790568;
  assertEquals(uneven.retryAfter.promise(10_000), 60);
});

Deno.test("many refusals do not add up to more than a minute", () => {
  const { clock, retryAfter } = setUp();
  for (let i = 0; i < 1000; i++) retryAfter.promise(0);
  clock.ms += 30_000;
  assertEquals(retryAfter.promise(0), 31);
});

Deno.test("workers that become free while no claim waits do not change the rate", () => {
  const setup = setUp();
  refill(setup, 500);
  setup.retryAfter.workerArrived(0);
  setup.clock.ms += 3_600_000;
  setup.retryAfter.workerArrived(0);
  setup.clock.ms += 3_600_000;
  setup.retryAfter.workerArrived(2);
  assertEquals(setup.retryAfter.promise(3), 2);
});

Deno.test("after a worker becomes free while no claim waits, earlier times no longer count", () => {
  const { retryAfter } = setUp();
  for (let i = 0; i < 40; i++) retryAfter.promise(0);
  retryAfter.workerArrived(0);
  assertEquals(retryAfter.promise(0), 1);
});

Deno.test("the newest intervals count the most", () => {
  const setup = setUp();
  refill(setup, 10_000);
  refill(setup, 1000);
  assert(setup.retryAfter.promise(0) <= 2);
});
