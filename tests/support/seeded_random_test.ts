import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { seededRandom } from "./seeded_random.ts";

const COUNT = 100_000;

const draw = (seed: number, count: number): number[] =>
  Array.from({ length: count }, seededRandom(seed));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("the numbers are spread evenly between 0 and 1", () => {
  const numbers = draw(7, COUNT);
  assert(numbers.every((number) => number > 0 && number < 1));
  assertAlmostEquals(mean(numbers), 1 / 2, 0.005);
  assertAlmostEquals(mean(numbers.map((number) => (number - 0.5) ** 2)), 1 / 12, 0.005);
});

Deno.test("the same seed gives the same numbers, and another seed gives other numbers", () => {
  assertEquals(draw(1, 5), draw(1, 5));
  const other = draw(2, 5);
  assert(draw(1, 5).every((number, i) => number !== other[i]));
});

Deno.test("the streams of neighbouring seeds do not correlate", () => {
  const [one, two] = [draw(1, COUNT), draw(2, COUNT)];
  const correlation = 12 * mean(one.map((number, i) => (number - 0.5) * (two[i]! - 0.5)));
  assertAlmostEquals(correlation, 0, 5 / Math.sqrt(COUNT));
});
