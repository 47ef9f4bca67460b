import { assertAlmostEquals } from "@std/assert";
import { slope } from "./slope.ts";

Deno.test("slope() returns the slope of the line that fits the points best", () => {
  assertAlmostEquals(slope([[0, 5], [1, 5], [4, 5]]), 0);
  assertAlmostEquals(slope([[1, 5], [3, 1]]), -2);
  // Two points at the same distance above and below the line do not change its slope.
  assertAlmostEquals(slope([[0, 1], [0, -1], [2, 7], [2, 5]]), 3);
});
