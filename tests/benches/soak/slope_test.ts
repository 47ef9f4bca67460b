import { assertAlmostEquals } from "@std/assert";
import { slope, slopeOfLowest } from "./slope.ts";

Deno.test("slope() returns the slope of the line that fits the points best", () => {
  assertAlmostEquals(slope([[0, 5], [1, 5], [4, 5]]), 0);
  assertAlmostEquals(slope([[1, 5], [3, 1]]), -2);
  // Two points at the same distance above and below the line do not change its slope.
  assertAlmostEquals(slope([[0, 1], [0, -1], [2, 7], [2, 5]]), 3);
});

Deno.test("slopeOfLowest() does not see how far a series rises between two falls", () => {
  const saw = Array.from({ length: 30 }, (_, x) => [x, 100 + 5 * (x % 7)] as const);
  assertAlmostEquals(slopeOfLowest(saw), 0);
  // A slope below the saw is seen.
  assertAlmostEquals(slopeOfLowest(saw.map(([x, y]) => [x, y + 3 * x] as const)), 3);
  assertAlmostEquals(slopeOfLowest([[0, 5], [1, 9], [4, 1]]), -1);
});
