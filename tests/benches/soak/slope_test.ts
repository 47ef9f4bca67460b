import { assertAlmostEquals } from "@std/assert";
import { slope } from "./slope.ts";

Deno.test("the slope is that of the line the points lie around", () => {
  assertAlmostEquals(slope([[0, 5], [1, 5], [4, 5]]), 0);
  assertAlmostEquals(slope([[1, 5], [3, 1]]), -2);
  // What lies as far above as below the line changes nothing.
  assertAlmostEquals(slope([[0, 1], [0, -1], [2, 7], [2, 5]]), 3);
});
