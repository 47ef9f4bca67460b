import { assert, assertEquals } from "@std/assert";
import { Random } from "./random.ts";

const COUNT = 100_000;

/** Mean and standard deviation of what a stream gives. */
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

Deno.test("the numbers have the moments of their distributions", () => {
  assertMoments(moments((random) => random.uniform()), 0.5, Math.sqrt(1 / 12));
  assertMoments(moments((random) => random.exponential(3)), 3, 3);
  const deviation = 2 * Math.sqrt(Math.exp(0.3 ** 2) - 1);
  assertMoments(moments((random) => random.logNormal(2, 0.3)), 2, deviation);
});

Deno.test("each seed has a stream of its own", () => {
  const stream = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 5 }, () => random.uniform());
  };
  assertEquals(stream(1), stream(1));
  assert(stream(1).every((number, i) => number !== stream(2)[i]));
});

Deno.test("the streams of neighbouring seeds do not go together", () => {
  const one = new Random(1), two = new Random(2);
  let product = 0;
  for (let i = 0; i < COUNT; i++) product += (one.uniform() - 0.5) * (two.uniform() - 0.5);
  assert(Math.abs(product / COUNT * 12) < 5 / Math.sqrt(COUNT));
});
