import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CosineHistogram } from "./cosine_histogram.ts";

const cosines = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: 1,
  maxLength: 200,
});

function histogramOf(values: readonly number[]): CosineHistogram {
  const histogram = new CosineHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

Deno.test("the number of cosines beyond one is right to within a bin", () => {
  fc.assert(fc.property(cosines, fc.double({ min: -1, max: 1, noNaN: true }), (values, bound) => {
    const beyond = histogramOf(values).countBeyond(bound);
    assert(beyond >= values.filter((value) => value > bound + 1e-4).length - 1e-9);
    assert(beyond <= values.filter((value) => value > bound - 1e-4).length + 1e-9);
  }));
});

Deno.test("a share of the cosines exceeds the cosine of this share", () => {
  fc.assert(fc.property(cosines, fc.double({ min: 1e-6, max: 1, noNaN: true }), (values, share) => {
    const histogram = histogramOf(values);
    const beyond = histogram.countBeyond(histogram.exceededBy(share));
    assertAlmostEquals(beyond, share * values.length, 1e-6);
  }));
});

Deno.test("the mean and the variance are those of the cosines, to within a bin", () => {
  fc.assert(fc.property(cosines, (values) => {
    fc.pre(values.length > 1);
    const { mean, variance } = histogramOf(values).moments();
    const expected = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - expected) ** 2, 0);
    assertAlmostEquals(mean, expected, 1e-4);
    assertAlmostEquals(variance, squares / (values.length - 1), 1e-3);
  }));
});

Deno.test("cosines that rounding brought beyond -1 and 1 count as -1 and 1", () => {
  const histogram = histogramOf([1.0000001, 1, -1, -1.0000001]);
  assertEquals(histogram.total, 4);
  assertEquals(histogram.countBeyond(0.99), 2);
  assertEquals(histogram.countBeyond(-2), 4);
  assertEquals(histogram.countBeyond(2), 0);
});

Deno.test("counts with bins of another width make the same histogram", () => {
  const histogram = new CosineHistogram([0, 2, 6, 0]);
  assertEquals(histogram.total, 8);
  assertEquals(histogram.countFromBinOf(0.25), 6);
  assertEquals(histogram.countBeyond(0), 6);
  assertEquals(histogram.countBeyond(0.25), 3);
  assertEquals(histogram.exceededBy(0.375), 0.25);
});

Deno.test("the count from the bin of a cosine is never too low, and exact at the end of a bin", () => {
  // Multiples of 2^-20: adding 1 does not round them.
  const cosine = fc.integer({ min: -(2 ** 20), max: 2 ** 20 }).map((n) => n / 2 ** 20);
  fc.assert(fc.property(fc.array(cosine), cosine, (values, bound) => {
    const histogram = histogramOf(values);
    const reaching = (cosine: number) => values.filter((value) => value >= cosine).length;
    const count = histogram.countFromBinOf(bound);
    assert(count >= reaching(bound) && count <= reaching(bound - 2 ** -15));
    const end = Math.min(Math.floor(bound * 2 ** 15), 2 ** 15 - 1) / 2 ** 15;
    assertEquals(histogram.countFromBinOf(end), reaching(end));
  }));
});
