import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { detPoints } from "./det_points.ts";
import {
  comparePairs,
  falseAcceptanceRate,
  falseRejectionRate,
  type LabelledEmbeddings,
  tarAtZeroFar,
} from "./evaluate.ts";
import { templateRates } from "./template_rates.ts";

/** Returns an embedding. The cosine of two embeddings is the cosine of the angle between them. */
const at = (degrees: number): Float32Array =>
  Float32Array.of(Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180));

const TOLERANCE = 1e-6;

// The angles between photos of one person are 10, 60, 50 and 17 degrees. The angles between photos
// of two people are 83, 73, 23, 100, 90 and 40 degrees.
const TWO_PEOPLE: LabelledEmbeddings = [[at(0), at(10), at(60)], [at(83), at(100)]];

Deno.test("all pairs of one person and of two people are compared", () => {
  const { genuine, strangers, genuinePairs, impostorPairs } = comparePairs(TWO_PEOPLE);
  assertEquals([genuinePairs, impostorPairs], [4, 6]);
  const degrees = (cosines: Float64Array) =>
    Array.from(cosines, (value) => Math.round(Math.acos(value) * 180 / Math.PI));
  assertEquals(degrees(genuine), [60, 50, 17, 10]);
  assertEquals(degrees(strangers.top.cosines), [23, 40, 73, 83, 90, 100]);
});

Deno.test("a refused photo is never a template, and as a probe it is a false rejection", () => {
  const scores = comparePairs([[at(0), at(0), undefined], [at(90), undefined]]);
  // Five comparisons with a photo of the same person have a template. Two
  // of these match. Seven comparisons with another person have a template; four of them a cosine.
  assertEquals([scores.genuinePairs, scores.impostorPairs], [5 / 2, 7 / 2]);
  assertAlmostEquals(falseRejectionRate(scores, -1), 3 / 5, TOLERANCE);
  assertAlmostEquals(falseAcceptanceRate(scores, -1), 4 / 7, TOLERANCE);
  assertAlmostEquals(tarAtZeroFar(scores).tar, 2 / 5, TOLERANCE);
});

Deno.test("a pair matches at the threshold and above", () => {
  const scores = comparePairs([[at(0), at(0)], [at(0)]]);
  assertEquals([falseRejectionRate(scores, 1), falseAcceptanceRate(scores, 1)], [0, 1]);
  const above = 1 + Number.EPSILON;
  assertEquals([falseRejectionRate(scores, above), falseAcceptanceRate(scores, above)], [1, 0]);
});

Deno.test("at FAR 0 a pair must be above the highest cosine of two people", () => {
  const { tar, highestImpostor } = tarAtZeroFar(comparePairs(TWO_PEOPLE));
  assertAlmostEquals(highestImpostor, Math.cos(23 * Math.PI / 180), TOLERANCE);
  assertEquals(tar, 2 / 4);
  const tied = comparePairs([[at(0), at(0)], [at(0)]]);
  assertEquals(tarAtZeroFar(tied).tar, 0);
});

Deno.test("along the DET curve FAR falls and FRR rises", () => {
  const points = detPoints(comparePairs(TWO_PEOPLE));
  for (const [i, point] of points.slice(1).entries()) {
    const before = points[i]!;
    assertEquals(point.threshold > before.threshold, true);
    assertEquals(point.far <= before.far && point.frr >= before.frr, true);
  }
  assertEquals([points[0]!.far, points[0]!.frr], [1, 0]);
});

Deno.test("with several templates the best one counts; the rate is the mean over all choices", () => {
  // For each of the photos at 0 and 10 degrees, one of the three other photos is within 15 degrees.
  // For each of the photos at 50 and 90 degrees, none is.
  const person: LabelledEmbeddings = [[at(0), at(10), at(50), at(90)]];
  const within15 = Math.cos(15 * Math.PI / 180);
  const frr = (k: number) => templateRates(person, k)?.frr("nearest", within15, true);
  assertAlmostEquals(frr(1)!, (2 / 3 + 2 / 3 + 1 + 1) / 4, TOLERANCE);
  // Of the three pairs of templates, one pair does not contain the near photo.
  assertAlmostEquals(frr(2)!, (1 / 3 + 1 / 3 + 1 + 1) / 4, TOLERANCE);
  assertAlmostEquals(frr(3)!, 2 / 4, TOLERANCE);
  assertEquals(frr(4), undefined);
});

Deno.test("a refused photo counts as a missed probe and is never a template", () => {
  const person: LabelledEmbeddings = [[at(0), at(0), undefined]];
  assertAlmostEquals(templateRates(person, 1)!.frr("nearest", 0.5, true), 1 / 3, TOLERANCE);
});

Deno.test("too few photos to compare are an error", () => {
  for (const people of [[], [[at(0), at(1)]], [[at(0)], [at(1)]]]) {
    assertThrows(() => comparePairs(people), RangeError, "Accuracy needs");
  }
});
