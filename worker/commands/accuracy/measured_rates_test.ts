import { assert, assertEquals } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { fitCalibration } from "../calibrate/calibrate.ts";
import { comparePairs } from "./evaluate.ts";
import { MIN_PAIRS, promisedFmrs, promisedFpirs, rejectionsAtFmr } from "./measured_rates.ts";

// Random directions are what the calibration describes, so its promises must be kept.
const PEOPLE = randomPeople(450, 2, 48, 0.75);
const SCORES = comparePairs(PEOPLE);
const { calibration: CALIBRATION } = fitCalibration(PEOPLE);

Deno.test("the rates that the calibration promises are measured", () => {
  for (const { promised, pairs, measured } of promisedFmrs(SCORES, CALIBRATION)) {
    if (pairs < MIN_PAIRS) continue;
    const ratio = measured!.value / promised;
    assert(ratio > 0.8 && ratio < 1.25, `${promised}: ${ratio}`);
    assert(measured!.low <= measured!.value && measured!.value <= measured!.high);
  }
  const fpirs = promisedFpirs(SCORES, CALIBRATION);
  assertEquals(fpirs.map(({ size, promised }) => [size, promised]), [
    [50, 1e-2],
    [50, 1e-3],
    [50, 1e-4],
    [400, 1e-2],
    [400, 1e-3],
    [400, 1e-4],
  ]);
  for (const { size, promised, pairs, measured } of fpirs) {
    if (pairs < 50) continue;
    const ratio = measured!.value / promised;
    assert(ratio > 0.75 && ratio < 1.33, `${size}, ${promised}: ${ratio}`);
  }
});

Deno.test("a smaller FMR needs a higher cosine and costs more rejections, until pairs are too few", () => {
  const rows = rejectionsAtFmr(SCORES);
  assertEquals(rows.map(({ fmr }) => fmr), [1e-2, 1e-3, 1e-4, 1e-5, 1e-6]);
  const seen = rows.filter(({ cosine }) => cosine !== undefined);
  assertEquals(seen.length, 3);
  for (const [i, { fmr, pairs, cosine, frr, balanced }] of seen.entries()) {
    assertEquals(pairs, Math.floor(fmr * SCORES.strangers.pairs));
    assertEquals(SCORES.strangers.countAtLeast(cosine!), pairs);
    // Everybody has one pair, so both rates are the same.
    assertEquals(balanced!.value, frr);
    assert(i === 0 || (cosine! > seen[i - 1]!.cosine! && frr! >= seen[i - 1]!.frr!));
  }
  for (const { pairs, frr, balanced } of rows.slice(3)) {
    assert(pairs < MIN_PAIRS);
    assertEquals([frr, balanced], [undefined, undefined]);
  }
});
