import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Calibration } from "../../../models/calibration.ts";
import { falseMatchRate } from "../../../matching/confidence.ts";
import { CosineHistogram } from "../strangers/cosine_histogram.ts";
import { cosineAtRate } from "./cosine_at_rate.ts";
import { fitTail } from "./fit_tail.ts";

const BINS = 2_000;

/** Returns the histogram of pairs, each share of which has the distribution of a calibration. */
function histogramOf(
  pairs: number,
  ...parts: readonly (readonly [share: number, calibration: Calibration])[]
): CosineHistogram {
  return new CosineHistogram(Array.from({ length: BINS }, (_, bin) => {
    const low = -1 + 2 * bin / BINS, high = low + 2 / BINS;
    return parts.reduce((sum, [share, calibration]) => {
      const rate = falseMatchRate(low, calibration) - falseMatchRate(high, calibration);
      return sum + share * pairs * rate;
    }, 0);
  }));
}

const calibration = (mean: number, dimension: number): Calibration => ({
  fitted_mean_cosine: mean,
  fitted_dimension: dimension,
});

const LFW = calibration(-0.05, 57);

Deno.test("the fit finds the calibration from which the cosines come", () => {
  const parameters = fc.tuple(
    fc.double({ min: -0.15, max: 0.2, noNaN: true }),
    fc.double({ min: 30, max: 300, noNaN: true }),
  );
  fc.assert(
    fc.property(parameters, ([mean, dimension]) => {
      const truth = calibration(mean, dimension);
      const fit = fitTail(histogramOf(1e8, [1, truth]))!;
      assertAlmostEquals(fit.fitted_mean_cosine, mean, 0.015);
      for (const rate of [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]) {
        const ratio = falseMatchRate(cosineAtRate(rate, fit), truth) / rate;
        assert(ratio > 0.9 && ratio < 1.1, `${ratio} at ${rate}`);
      }
    }),
    // The fit once ended in another dent of the function, at a dimension of 17.
    { numRuns: 20, examples: [[[0, 36.43347062111647]]] },
  );
});

Deno.test("pairs that are never similar change the promise in the tail little", () => {
  // Half of the pairs are less similar than the other half, such as pairs of a man and a woman.
  const strangers = histogramOf(1e7, [0.5, calibration(0.02, 80)], [0.5, calibration(-0.05, 300)]);
  const fit = fitTail(strangers)!;
  const { mean, variance } = strangers.moments();
  const before = calibration(mean, 1 / variance);
  const ratio = (by: Calibration) => strangers.countBeyond(cosineAtRate(1e-5, by)) / 1e7 / 1e-5;
  assertAlmostEquals(ratio(fit), 1, 0.2);
  // The mean and the variance of all cosines do not describe the tail.
  assert(ratio(before) > 4, `${ratio(before)}`);
});

Deno.test("few pairs are enough for a promise of the right size", () => {
  for (const pairs of [5_000, 20_000, 100_000]) {
    const fit = fitTail(histogramOf(pairs, [1, LFW]))!;
    const ratio = falseMatchRate(cosineAtRate(1e-4, fit), LFW) / 1e-4;
    assert(ratio > 0.5 && ratio < 2, `${pairs} pairs: ${ratio}`);
  }
});

Deno.test("more strangers that are similar raise the cosine that a rate needs", () => {
  const few = fitTail(histogramOf(1e7, [0.999, LFW], [0.001, calibration(0.2, 80)]))!;
  const many = fitTail(histogramOf(1e7, [0.99, LFW], [0.01, calibration(0.2, 80)]))!;
  assert(cosineAtRate(1e-5, many) > cosineAtRate(1e-5, few));
});

Deno.test("a rate that fewer than 30 pairs show is not used", () => {
  // Ten pairs are one person under two names. They are among the most similar 1 in 100,000.
  const clean = histogramOf(1e6, [1, LFW]), spoilt = histogramOf(1e6, [1, LFW]);
  for (let i = 0; i < 10; i++) spoilt.add(0.8);
  const [a, b] = [fitTail(clean)!, fitTail(spoilt)!];
  assertAlmostEquals(cosineAtRate(1e-4, a), cosineAtRate(1e-4, b), 0.01);
});

Deno.test("cosines of no recognition model have no calibration", () => {
  const same = new CosineHistogram();
  for (let i = 0; i < 1_000; i++) same.add(1);
  assertEquals(fitTail(same), undefined);
  assertEquals(fitTail(new CosineHistogram()), undefined);
  assertEquals(fitTail(histogramOf(500, [1, LFW])), undefined);
});
