import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { falseMatchRate } from "../../../matching/confidence.ts";
import { CosineHistogram } from "../strangers/cosine_histogram.ts";
import { cosineAtRate } from "./cosine_at_rate.ts";
import { formatRates, measureRates } from "./rates_report.ts";

const CALIBRATION = { fitted_mean_cosine: -0.05, fitted_dimension: 57 };

/** Returns pairs whose cosines have the distribution of the calibration. */
const strangers = (pairs: number) =>
  new CosineHistogram(Array.from({ length: 2_000 }, (_, bin) => {
    const rate = (cosine: number) => falseMatchRate(cosine, CALIBRATION);
    return pairs * (rate(-1 + bin / 1_000) - rate(-1 + (bin + 1) / 1_000));
  }));

Deno.test("the cosine of a rate has this rate", () => {
  fc.assert(fc.property(fc.double({ min: 1e-9, max: 0.9, noNaN: true }), (rate) => {
    assertAlmostEquals(
      falseMatchRate(cosineAtRate(rate, CALIBRATION), CALIBRATION) / rate,
      1,
      1e-9,
    );
  }));
});

Deno.test("each power of ten that the pairs can show has a measured rate", () => {
  const rates = measureRates(strangers(1e6), CALIBRATION);
  assertEquals(rates.length, 6);
  for (const { promised, measured, beyond } of rates) {
    assertAlmostEquals(measured / promised, 1, 0.02);
    assertAlmostEquals(beyond, measured * 1e6, 1e-3);
  }
  assertEquals(measureRates(new CosineHistogram(), CALIBRATION), []);
});

Deno.test("the report says from where on the calibration extrapolates", () => {
  const many = formatRates(strangers(3e7), CALIBRATION);
  assertMatch(many, /^\| 1 in 1,000,000 +\| 0\.5\d\d +\| 30 /m);
  assertMatch(many, /Rates below 1 in 1,000,000 are extrapolated/);
  assertMatch(many, /measured for up to 100 templates, and extrapolated for more/);
  const few = formatRates(strangers(4_950), CALIBRATION);
  assertMatch(few, /^\| 1 in 1,000 +\| 0\.3\d\d +\| 5 +\| 1 in [\d,]+ +\| too few pairs/m);
  assertMatch(few, /Rates below 1 in 165 are extrapolated/);
  assertMatch(few, /The default threshold is extrapolated for any number of templates/);
});
