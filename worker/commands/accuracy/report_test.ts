import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { CalibrationError } from "../calibrate/calibrate.ts";
import { normalize } from "../../vector.ts";
import { crossValidate } from "./cross_validate.ts";
import { drawDet } from "./det_svg.ts";
import { comparePairs, type LabelledEmbeddings } from "./evaluate.ts";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { formatReport } from "./report.ts";

const PEOPLE = randomPeople(12, 6, 64, 0.8);
const CALIBRATION = { fitted_mean_cosine: 0, fitted_dimension: 64 };
const SCORES = comparePairs(PEOPLE);

Deno.test("the report has a row for each gallery size, and a larger gallery needs a higher cosine", () => {
  const text = formatReport(PEOPLE, SCORES, CALIBRATION);
  const cosines = ["1", "50", "2,000", "100,000"].map((size) => {
    const row = text.match(new RegExp(`^\\| ${size} +\\| (0\\.\\d+) +\\| [\\d.]+ %`, "m"));
    return Number(row?.[1]);
  });
  assert(cosines.every((cosine, i) => cosine > (cosines[i - 1] ?? 0)), cosines.join());
  assertMatch(text, /refused photos +\| 0 /);
  assert(!text.includes("NaN") && !text.includes("undefined"), text);
});

Deno.test('the report says "too few people" instead of a figure that needs more people', () => {
  const few: LabelledEmbeddings = [PEOPLE[0]!, [PEOPLE[1]![0], undefined]];
  const text = formatReport(few, comparePairs(few), CALIBRATION);
  // Two figures of the calibration, and six rates of accepted strangers.
  assertEquals(text.match(/too few people/g)?.length, 8);
  assertMatch(text, /refused photos +\| 1 /);
  assert(!text.includes("NaN") && !text.includes("undefined"), text);
});

Deno.test("each half is tested with the calibration of the other half", () => {
  const people = randomPeople(200, 3, 64, 0.8);
  const { frr, far, thresholds } = crossValidate(people, 0.7);
  assertEquals(thresholds.length, 2);
  assert(thresholds.every((threshold) => threshold > 0.3 && threshold < 0.7), thresholds.join());
  assert(far < 0.01 && frr < 0.2, `${far} ${frr}`);
  // All faces of the first half have a direction in common. So the threshold of the first half is
  // too high for the second half, and the threshold of the second half is too low for the first.
  const alike = people.slice(0, 100).map((photos) =>
    photos.map((photo) => normalize([1, ...photo]))
  );
  const apart = people.slice(100).map((photos) => photos.map((photo) => normalize([0, ...photo])));
  const mixed = crossValidate([...alike, ...apart], 0.7);
  assert(mixed.frr > 0.4 && mixed.far > 0.2, `${mixed.far} ${mixed.frr}`);
  // All photos of the first half are refused, so there is nothing to calibrate on.
  const refused = people.map((photos, i) => i < 100 ? photos.map(() => undefined) : photos);
  assertThrows(() => crossValidate(refused, 0.7), CalibrationError, "there are 0");
});

Deno.test("the DET curve is an SVG in which every number is finite", () => {
  const svg = drawDet(SCORES, CALIBRATION);
  assertMatch(svg, /^<svg [^]*<\/svg>\n$/);
  assert(!/NaN|undefined|Infinity/.test(svg));
  const curves = [...svg.matchAll(/<path d="([^"]*)"/g)];
  assertEquals(curves.length, 2);
  for (const [, path] of curves) assertMatch(path!, /^M[\d.]+ [\d.]+(L[\d.]+ [\d.]+)+$/);
});

Deno.test("a model that makes no errors also has a DET curve", () => {
  const perfect = comparePairs(randomPeople(12, 6, 512, 0.999));
  const svg = drawDet(perfect, { fitted_mean_cosine: 0, fitted_dimension: 512 });
  assert(!/NaN|undefined|Infinity/.test(svg));
});
