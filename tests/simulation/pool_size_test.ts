import { assert, assertEquals } from "@std/assert";
import { measure } from "./load.ts";
import { poolSize } from "./pool_size.ts";
import { ASSUMED } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** The example of docs/scaling.md: a replacement takes 2.5 s, so 10 pods are being replaced. */
const EXAMPLE = { ratePerSecond: 4, startSeconds: 1.5 };

Deno.test("the reserve grows with the square root of the pods needed", () => {
  assertEquals([0, 1, 10, 100].map(poolSize), [0, 4, 20, 130]);
});

Deno.test("in the documented example, at most one request in a hundred waits with 20 pods", () => {
  const { waitP99, shed } = measure(EXAMPLE, 20);
  assertEquals({ waitP99, shed }, { waitP99: 0, shed: 0 });
  assert(measure(EXAMPLE, 15).waitP99 > 0);
});

Deno.test("in the documented example, 30 pods serve 60 requests within 5 s, 20 do not", () => {
  const longestWait = (poolSize: number) => {
    const { decisions } = simulate({
      ...ASSUMED,
      ...EXAMPLE,
      poolSize,
      burst: { size: 60, everySeconds: 120 },
      durationSeconds: 60 * 120,
    });
    assert(decisions.every(({ outcome }) => outcome === "answered"));
    return Math.max(...decisions.map(({ waitSeconds }) => waitSeconds!));
  };
  assert(longestWait(30) < 5);
  assert(longestWait(20) > 5);
});
