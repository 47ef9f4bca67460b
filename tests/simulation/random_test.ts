import { assert } from "@std/assert";
import { Random } from "./random.ts";

const COUNT = 100_000;

/** Returns mean and standard deviation of the numbers that `draw` takes from a stream. */
function moments(draw: (random: Random) => number): [mean: number, deviation: number] {
  const random = new Random(7);
  const values = Array.from({ length: COUNT }, () => draw(random));
  const mean = values.reduce((sum, value) => sum + value, 0) / COUNT;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT;
  return [mean, Math.sqrt(variance)];
}

function assertMoments(actual: [number, number], mean: number, deviation: number): void {
  const [actualMean, actualDeviation] = actual;
  assert(Math.abs(actualMean - mean) < 5 * deviation / Math.sqrt(COUNT), `mean ${actualMean}`);
  assert(Math.abs(actualDeviation / deviation - 1) < 0.03, `deviation ${actualDeviation}`);
}

Deno.test("the numbers have the mean and the deviation of their distributions", () => {
  assertMoments(moments((random) => random.uniform()), 0.5, Math.sqrt(1 / 12));
  assertMoments(moments((random) => random.exponential(3)), 3, 3);
  const deviation = 2 * Math.sqrt(Math.exp(0.3 ** 2) - 1);
  assertMoments(moments((random) => random.logNormal(2, 0.3)), 2, deviation);
});
