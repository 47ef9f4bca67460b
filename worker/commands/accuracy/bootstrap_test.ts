import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bootstrap } from "./bootstrap.ts";

/** Returns the mean of values, in which each counts a number of times. */
const meanOf = (values: readonly number[]) => (weights: Float64Array) => [
  values.reduce((sum, value, i) => sum + value * weights[i]!, 0) /
  weights.reduce((sum, weight) => sum + weight, 0),
];

const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 });

Deno.test("an interval contains its figure, and is the same in every run", () => {
  fc.assert(
    fc.property(values, (values) => {
      const [mean] = bootstrap(values.length, meanOf(values));
      assert(mean!.low <= mean!.value && mean!.value <= mean!.high, JSON.stringify(mean));
      assertEquals(bootstrap(values.length, meanOf(values)), [mean]);
    }),
    { numRuns: 20 },
  );
});

Deno.test("the interval of a mean has about four standard errors", () => {
  // The standard error of a share of one half among 400 people is 0.025.
  const halves = Array.from({ length: 400 }, (_, i) => i % 2);
  const [{ value, low, high }] = bootstrap(400, meanOf(halves)) as [
    { value: number; low: number; high: number },
  ];
  assertEquals(value, 0.5);
  assert(Math.abs(high - low - 4 * 0.025) < 0.02, `${low} to ${high}`);
});

Deno.test("each round draws as many people as there are", () => {
  bootstrap(7, (weights) => {
    assertEquals(weights.reduce((sum, weight) => sum + weight, 0), 7);
    return [1];
  });
});

Deno.test("a figure that all people do not give has no interval; a round without it is left out", () => {
  let round = 0;
  const intervals = bootstrap(3, () => [undefined, round++ % 2 === 0 ? 5 : undefined]);
  assertEquals(intervals, [undefined, { value: 5, low: 5, high: 5 }]);
});
