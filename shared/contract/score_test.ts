import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { floorScore } from "./score.ts";

const scores = fc.double({ min: -1, max: 1, noNaN: true });

Deno.test("a score is rounded down to at most 4 decimal places, by at most 0.0001", () => {
  fc.assert(fc.property(scores, (score) => {
    const floored = floorScore(score);
    assert(floored <= score && score - floored <= 1e-4, `${score} became ${floored}`);
    assertEquals(floored, Number(floored.toFixed(4)));
  }));
});

Deno.test("a rounded score reaches a threshold of 4 decimal places only when the score reaches it", () => {
  const thresholds = fc.integer({ min: -10_000, max: 10_000 }).map((n) => n / 10_000);
  const near = fc.tuple(thresholds, fc.constantFrom(-2, -1, 0, 1, 2)).map(([threshold, steps]) =>
    [threshold, threshold + steps * Number.EPSILON] as const
  );
  fc.assert(
    fc.property(fc.oneof(near, fc.tuple(thresholds, scores)), ([threshold, score]) => {
      assertEquals(floorScore(score) >= threshold, score >= threshold);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("only a score of 1 is shown as 1", () => {
  assertEquals(floorScore(1), 1);
  assertEquals(floorScore(1 - Number.EPSILON), 0.9999);
});

Deno.test("rounding a rounded score changes nothing", () => {
  for (let n = -10_000; n <= 10_000; n++) assertEquals(floorScore(n / 10_000), n / 10_000);
});
