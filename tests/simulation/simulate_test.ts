import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { planArrivals } from "./arrivals.ts";
import { erlangB, erlangC } from "./erlang.ts";
import { ASSUMED, type Scenario } from "./scenario.ts";
import { type Decision, simulate } from "./simulate.ts";
import { Timeline } from "./timeline.ts";

const UNLIMITED = { qps: 1e9, burst: 1e9 };
/** Nothing slows a replacement down, and serving a request takes no time. */
const IDEAL: Scenario = {
  ...ASSUMED,
  poolSize: 1e6,
  ratePerSecond: 5,
  durationSeconds: 8000,
  requestCoreSeconds: 0,
  cores: 1e6,
  controller: UNLIMITED,
  scheduler: UNLIMITED,
};
const BURST: Scenario = { ...ASSUMED, poolSize: 10, ratePerSecond: 0, durationSeconds: 60 };

const shareOf = (decisions: readonly Decision[], outcome: Decision["outcome"]): number =>
  decisions.filter((decision) => decision.outcome === outcome).length / decisions.length;

/** Returns the claims per second after the first 100 s, in which the pool is still full. */
function claimsPerSecond(scenario: Scenario): number {
  const from = 100, to = scenario.durationSeconds;
  const { decisions } = simulate(scenario);
  return decisions.filter(({ claimedAt = 0 }) => claimedAt >= from && claimedAt < to).length /
    (to - from);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function assertWithin(actual: number, expected: number, share: number): void {
  const message = `${actual} is not within ${share * 100} % of ${expected}`;
  assert(Math.abs(actual - expected) <= share * expected, message);
}

Deno.test("a scenario has the same outcome at every run, and another seed changes it", () => {
  const scenario = { ...ASSUMED, poolSize: 8, ratePerSecond: 4, durationSeconds: 100 };
  assertEquals(simulate(scenario), simulate(scenario));
  assert(simulate(scenario).meanMissing !== simulate({ ...scenario, seed: 2 }).meanMissing);
});

Deno.test("the mean number of missing pods follows Little's law: rate times refill time", () => {
  assertWithin(simulate(IDEAL).meanMissing, 5 * (1 + 1), 0.02);
});

Deno.test("without a queue, Erlang's B formula gives the share of refused requests", () => {
  for (const poolSize of [5, 10, 15]) {
    const { decisions } = simulate({ ...IDEAL, poolSize, queueLimit: 0 });
    assertWithin(shareOf(decisions, "refused"), erlangB(poolSize, 10), 0.05);
  }
});

Deno.test("starting pods slow each other down like tasks on shared processors", () => {
  for (const cores of [6, 8, 12]) {
    const { refillSeconds } = simulate({ ...IDEAL, cores });
    assertWithin(mean(refillSeconds), 1 + 1 + erlangC(cores, 5) / (cores - 5), 0.04);
  }
});

Deno.test("the controller manager's limit bounds the claims per second in a large pool", () => {
  const load = { ...IDEAL, ratePerSecond: 40, durationSeconds: 500 };
  const rate = claimsPerSecond({ ...load, poolSize: 500, controller: ASSUMED.controller });
  assert(rate <= 20 && rate > 18, `${rate} claims/s`);
});

Deno.test("the scheduler's limit bounds the claims per second", () => {
  const load = { ...IDEAL, durationSeconds: 500, scheduler: { qps: 3, burst: 1 } };
  assertWithin(claimsPerSecond({ ...load, poolSize: 50 }), 3, 0.02);
  assertWithin(claimsPerSecond({ ...load, poolSize: 1 }), 0.5, 0.05);
});

Deno.test("the controller manager makes one call when a pod becomes Ready", () => {
  // A claim costs three calls, and the pod that becomes Ready costs one more. The eighth call is
  // made at 6 s. The ninth call, at 7 s, creates the third pod.
  const { refillSeconds } = simulate({
    ...IDEAL,
    ratePerSecond: 0,
    burst: { size: 1, everySeconds: 2 },
    durationSeconds: 6,
    startSigma: 0,
    startCoreSeconds: 0,
    controller: { qps: 1, burst: 4 },
  });
  assertEquals(refillSeconds, [1, 1, 2]);
});

Deno.test("requests of a burst are refused when the pool is empty and the queue is full", () => {
  const { decisions } = simulate({ ...BURST, burst: { size: 100, everySeconds: 60 } });
  const refused = decisions.filter(({ outcome }) => outcome === "refused");
  assertEquals(refused.map(({ request }) => request), Array.from({ length: 26 }, (_, i) => 74 + i));
});

Deno.test("a request that still waits at its deadline is late", () => {
  const { decisions } = simulate({
    ...BURST,
    startSeconds: 30,
    startSigma: 0,
    burst: { size: 12, everySeconds: 60 },
  });
  const late = decisions.filter(({ outcome }) => outcome === "late");
  assertEquals(late.map(({ request, waitSeconds }) => [request, waitSeconds]), [
    [10, undefined],
    [11, undefined],
  ]);
});

Deno.test("an answer that takes longer than the deadline is late", () => {
  const { decisions } = simulate({
    ...BURST,
    requestCoreSeconds: 11,
    burst: { size: 1, everySeconds: 60 },
  });
  assertEquals(decisions.map(({ outcome, waitSeconds }) => [outcome, waitSeconds]), [["late", 0]]);
});

Deno.test("a worker serves REQUESTS_PER_WORKER requests, fewer when its lease ends first", () => {
  const claims = (leaseMaxSeconds: number) =>
    simulate({
      ...BURST,
      burst: { size: 1, everySeconds: 60 },
      durationSeconds: 600,
      requestsPerWorker: 5,
      leaseMaxSeconds,
    }).refillSeconds.length;
  assertEquals([claims(1000), claims(100), claims(50)], [2, 5, 10]);
});

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  poolSize: fc.integer({ min: 0, max: 20 }),
  ratePerSecond: fc.double({ min: 0, max: 20, noNaN: true }),
  burst: fc.record({
    size: fc.integer({ min: 0, max: 50 }),
    everySeconds: fc.double({ min: 0.5, max: 20, noNaN: true }),
  }),
  durationSeconds: fc.constant(20),
  requestsPerWorker: fc.integer({ min: 1, max: 5 }),
  leaseMaxSeconds: fc.double({ min: 0.01, max: 20, noNaN: true }),
  queueLimit: fc.integer({ min: 0, max: 20 }),
  timeoutSeconds: fc.double({ min: 0.1, max: 10, noNaN: true }),
  startSeconds: fc.double({ min: 0, max: 5, noNaN: true }),
  startSigma: fc.double({ min: 0, max: 1, noNaN: true }),
  startCoreSeconds: fc.double({ min: 0, max: 3, noNaN: true }),
  requestCoreSeconds: fc.double({ min: 0, max: 1, noNaN: true }),
  cores: fc.integer({ min: 1, max: 8 }),
  controller: fc.record({ qps: fc.integer({ min: 1, max: 30 }), burst: fc.constant(2) }),
  scheduler: fc.record({ qps: fc.integer({ min: 1, max: 30 }), burst: fc.constant(2) }),
  seed: fc.integer(),
});

Deno.test("in every scenario, each request is decided once, in order, and no pod is lost", () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const { decisions, refillSeconds, freeAtEnd } = simulate(scenario);
      const decided = decisions.map(({ request }) => request).sort((a, b) => a - b);
      assertEquals(decided, Array.from({ length: countArrivals(scenario) }, (_, i) => i));

      const served = decisions.filter(({ claimedAt }) => claimedAt !== undefined);
      const inTurn = served.toSorted((a, b) => a.request - b.request);
      for (const [i, { claimedAt }] of inTurn.entries()) {
        assert(
          i === 0 || claimedAt! >= inTurn[i - 1]!.claimedAt!,
          "a later request got a worker first",
        );
      }
      for (const { outcome, waitSeconds } of decisions) {
        assert(waitSeconds === undefined || waitSeconds <= scenario.timeoutSeconds + 1e-9);
        if (outcome === "answered") assert(waitSeconds !== undefined);
        if (outcome === "refused") assert(waitSeconds === undefined);
      }
      assertEquals(freeAtEnd, scenario.poolSize);
      assert(refillSeconds.length <= served.length);
      assert(refillSeconds.length * scenario.requestsPerWorker >= served.length);
    }),
    { numRuns: 200 },
  );
});

function countArrivals(scenario: Scenario): number {
  const timeline = new Timeline();
  let arrived = 0;
  planArrivals(scenario, timeline, () => arrived++);
  timeline.run();
  return arrived;
}
