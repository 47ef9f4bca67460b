import { assertAlmostEquals, assertEquals } from "@std/assert";
import { normalQuantile } from "./normal_quantile.ts";

Deno.test("the normal quantile agrees with scipy.stats.norm.ppf", () => {
  for (
    const [probability, expected] of [
      [1e-12, -7.034483825301132],
      [1e-6, -4.753424308822899],
      [1e-4, -3.719016485455709],
      [0.01, -2.3263478740408408],
      [0.024, -1.977368428181947],
      [0.025, -1.9599639845400545],
      [0.1, -1.2815515655446004],
      [0.3, -0.5244005127080407],
    ] as const
  ) {
    assertAlmostEquals(normalQuantile(probability), expected, 1e-7);
  }
});

Deno.test("the normal quantile is symmetric, and infinite for 0 and 1", () => {
  assertEquals(normalQuantile(0.5), 0);
  assertAlmostEquals(normalQuantile(0.9), -normalQuantile(0.1), 1e-12);
  assertEquals([normalQuantile(0), normalQuantile(1)], [-Infinity, Infinity]);
});
