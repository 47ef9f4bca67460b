import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Calibration } from "../models/calibration.ts";
import { confidence, falseMatchRate, falsePositiveIdentificationRate } from "./confidence.ts";

const MODEL: Calibration = { fitted_mean_cosine: 0.0221, fitted_dimension: 79.9 };

const calibrations = fc.record<Calibration>({
  fitted_mean_cosine: fc.double({ min: -0.5, max: 0.9, noNaN: true }),
  fitted_dimension: fc.double({ min: 3, max: 100_000, noNaN: true }),
});
const similarities = fc.double({ min: -1.01, max: 1.01, noNaN: true });
const counts = fc.integer({ min: 0, max: 10_000_000 });

Deno.test("the false match rate is the area of a spherical cap", () => {
  // similarity, mean, dimension, rate: computed with mpmath at 60 digits.
  const golden: readonly (readonly [number, number, number, number])[] = [
    [-0.3, 0.0221, 79.9, 0.99830821106408080816],
    [0, 0.0221, 79.9, 0.57758050430742988832],
    [0.0221, 0.0221, 79.9, 0.5],
    [0.2, 0.0221, 79.9, 0.05615392604026787107],
    [0.3, 0.0221, 79.9, 0.0060311707052793486772],
    [0.425, 0.0221, 79.9, 0.000096990126514667367518],
    [0.6, 0.0221, 79.9, 8.2391939944355302293e-9],
    [0.9, 0.0221, 79.9, 2.9735752905780162087e-27],
    [1, 0.0221, 79.9, 1.0764455092753790625e-55],
    [-0.2, -0.0542, 56.9, 0.86237943905198347927],
    [0.416, -0.0542, 56.9, 0.000099248694644334131304],
    [0.527, -0.0542, 56.9, 8.7910579998450053774e-7],
    [0.428, 0.0917, 117.2, 0.000097063445827635897109],
    [0.56, 0.0917, 117.2, 4.3430120921941766058e-8],
    [0.25, 0, 4, 0.34251882123714628053],
    [0.9, 0.01, 512, 1.0202280131994978982e-176],
  ];
  for (const [similarity, mean, dimension, expected] of golden) {
    const actual = falseMatchRate(similarity, {
      fitted_mean_cosine: mean,
      fitted_dimension: dimension,
    });
    const error = Math.abs(actual / expected - 1);
    assert(error <= 1e-12, `FMR(${similarity}) is ${actual}, off by ${error}`);
  }
});

Deno.test("on a sphere in three dimensions, a cap's share of the area is proportional to its height", () => {
  const sphere = { fitted_mean_cosine: 0, fitted_dimension: 3 };
  for (const similarity of [-1, -0.75, -0.5, 0, 0.25, 0.5, 1]) {
    assertAlmostEquals(falseMatchRate(similarity, sphere), (1 - similarity) / 2, 1e-14);
  }
});

Deno.test("the false match rate is one half at the fitted mean", () => {
  fc.assert(fc.property(calibrations, (calibration) => {
    assertEquals(falseMatchRate(calibration.fitted_mean_cosine, calibration), 0.5);
  }));
});

Deno.test("cosines that rounding brought beyond -1 and 1 count as -1 and 1", () => {
  const centred = { ...MODEL, fitted_mean_cosine: 0 };
  assertEquals(falseMatchRate(1.0000001, centred), falseMatchRate(1, centred));
  assertEquals(falseMatchRate(-1.0000001, centred), falseMatchRate(-1, centred));
  assertEquals(falseMatchRate(-1, centred), 1);
  assertEquals(falseMatchRate(1, centred), 0);
});

Deno.test("the confidence is 1 at a similarity of 1 and almost 0 at -1", () => {
  for (const similarity of [1, 1.0000001]) {
    assertEquals(confidence(similarity, 1, MODEL), 1);
    assertEquals(confidence(similarity, 1_000_000, MODEL), 1);
  }
  for (const similarity of [-1, -1.0000001]) {
    assertAlmostEquals(confidence(similarity, 1, MODEL), 1 / (1 + 3e4 / 7), 1e-12);
    assertAlmostEquals(confidence(similarity, 1_000_000, MODEL), 1 / (1 + 3e4 / 7), 1e-12);
  }
});

Deno.test("a false match rate that underflows to 0 gives a confidence of 1", () => {
  const sharp = { fitted_mean_cosine: 0, fitted_dimension: 100_000 };
  assertEquals(falseMatchRate(0.5, sharp), 0);
  assertEquals(confidence(0.5, 100_000, sharp), 1);
});

Deno.test("the confidence is 0 when no template was compared", () => {
  for (const similarity of [-1, 0, 1]) assertEquals(confidence(similarity, 0, MODEL), 0);
});

Deno.test("the confidence is 0 when a number is not finite or the number of templates is negative", () => {
  for (const similarity of [NaN, Infinity, -Infinity]) {
    assertEquals(confidence(similarity, 1, MODEL), 0);
  }
  for (const compared of [NaN, Infinity, -1]) assertEquals(confidence(1, compared, MODEL), 0);
  assertEquals(falseMatchRate(NaN, MODEL), 1);
});

Deno.test("the chance of a false identification grows with the number of templates", () => {
  assertEquals(falsePositiveIdentificationRate(0.5, 0), 0);
  assertEquals(falsePositiveIdentificationRate(0.5, 2), 0.75);
  assertEquals(falsePositiveIdentificationRate(1, 0), 0);
  assertEquals(falsePositiveIdentificationRate(1, 3), 1);
  assertEquals(falsePositiveIdentificationRate(0, 1_000_000), 0);
  // The formula 1 - (1 - fmr)^N, computed as written, would give 0 here.
  assertAlmostEquals(falsePositiveIdentificationRate(1e-20, 1000) / 1e-17, 1, 1e-12);
});

Deno.test("the confidence is 0.7 at an FPIR of 1 in 10,000, 0.19 at 1 in 1,000, 0.96 at 1 in 100,000", () => {
  const atRate = (fpir: number) => {
    // Finds by bisection the similarity that has this false match rate.
    let low = -1, high = 1;
    for (let i = 0; i < 100; i++) {
      const middle = (low + high) / 2;
      if (falseMatchRate(middle, MODEL) > fpir) low = middle;
      else high = middle;
    }
    return confidence(high, 1, MODEL);
  };
  assertAlmostEquals(atRate(1e-4), 0.7, 1e-9);
  assertAlmostEquals(atRate(1e-3), 0.1892, 5e-5);
  assertAlmostEquals(atRate(1e-5), 0.9589, 5e-5);
});

Deno.test("the confidence never falls when the similarity rises", () => {
  fc.assert(
    fc.property(calibrations, similarities, similarities, counts, (calibration, a, b, compared) => {
      const lower = confidence(Math.min(a, b), compared, calibration);
      const higher = confidence(Math.max(a, b), compared, calibration);
      assert(lower <= higher + ROUNDING, `${lower} then ${higher}`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("the confidence never rises when more templates are compared", () => {
  fc.assert(
    fc.property(calibrations, similarities, counts, counts, (calibration, similarity, a, b) => {
      fc.pre(a > 0 && b > 0);
      const fewer = confidence(similarity, Math.min(a, b), calibration);
      const more = confidence(similarity, Math.max(a, b), calibration);
      assert(more <= fewer + ROUNDING, `${fewer} then ${more}`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("the confidence is from 0 to 1 for any arguments", () => {
  fc.assert(fc.property(calibrations, fc.double(), fc.double(), (calibration, similarity, n) => {
    const value = confidence(similarity, n, calibration);
    assert(value >= 0 && value <= 1, `${value}`);
  }));
});

/** Tolerance for rounding errors. */
const ROUNDING = 1e-12;
