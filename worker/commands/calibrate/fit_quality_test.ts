import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { seededRandom } from "../../../tests/support/seeded_random.ts";
import { fitQualityBounds, QUARTER_TURNS } from "./fit_quality.ts";

/** Returns numbers with a normal distribution. */
function normal(mean: number, deviation: number, count: number): number[] {
  const uniform = seededRandom(11);
  return Array.from(
    { length: count },
    () =>
      mean +
      deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

const lengths = fc.array(fc.double({ min: 0.5, max: 30, noNaN: true }), {
  minLength: 20,
  maxLength: 60,
});

Deno.test("bounds are fitted to photos on either side and upside down", () => {
  assertEquals(QUARTER_TURNS.map(({ name }) => name), [
    "turned by 90°",
    "turned by 180°",
    "turned by 270°",
  ]);
});

Deno.test("the bound lies where 1 % of the turned photos of the worst turn exceed it", () => {
  const good = normal(3.8, 0.3, 1000);
  const turned = [normal(1.6, 0.2, 1000), normal(2, 0.25, 1000), []];
  const { min_embedding_length } = fitQualityBounds(good, turned);
  assert(Math.abs(min_embedding_length - (2 + 2.33 * 0.25)) < 0.05, `${min_embedding_length}`);
});

Deno.test("when good and turned photos overlap, about 1 % of the good photos are refused", () => {
  const good = normal(3, 0.5, 1000);
  const { min_embedding_length } = fitQualityBounds(good, [normal(2.8, 0.5, 1000)]);
  const refused = good.filter((length) => length < min_embedding_length).length;
  assert(refused >= 5 && refused <= 10, `${refused}`);
});

Deno.test("the bound refuses at most 1 % of the good photos, or one photo, and is never above the fit", () => {
  fc.assert(fc.property(lengths, fc.array(lengths, { maxLength: 3 }), (good, turned) => {
    const { min_embedding_length: bound } = fitQualityBounds(good, turned);
    assert(bound >= 0);
    assert(good.filter((length) => length < bound).length <= Math.max(1, good.length * 0.01));
  }));
});

Deno.test("a model that scales its embeddings itself refuses no photo because of their length", () => {
  const scaled = normal(1, 1e-7, 500);
  const { min_embedding_length } = fitQualityBounds(scaled, [scaled, scaled, scaled]);
  assert(min_embedding_length > 0.99 && min_embedding_length < 0.9999, `${min_embedding_length}`);
});

Deno.test("without a turned photo in which a face was found, only good photos count", () => {
  const { min_embedding_length } = fitQualityBounds([3, 3, 3, 3], [[], [], []]);
  assertEquals(min_embedding_length, 2.99);
});
