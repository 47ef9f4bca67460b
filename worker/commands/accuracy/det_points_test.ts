import { assert } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { detPoints } from "./det_points.ts";
import { comparePairs } from "./evaluate.ts";

Deno.test("many pairs have few points, and no two neighbours are far apart", () => {
  const scores = comparePairs(randomPeople(400, 2, 16, 0.6));
  assert(scores.strangers.pairs > 300_000);
  const points = detPoints(scores);
  assert(points.length < 4_000, `${points.length}`);
  const farthest = points.slice(1).map(({ far, frr, threshold }, i) => {
    const before = points[i]!;
    assert(threshold > before.threshold && far <= before.far && frr >= before.frr);
    // Single pairs are farther apart at both ends.
    return Math.min(before.far - far, before.far / Math.max(far, 1e-4) - 1);
  });
  assert(Math.max(...farthest) < 0.03, `${Math.max(...farthest)}`);
});
