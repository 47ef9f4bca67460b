import { assert, assertEquals, assertMatch } from "@std/assert";
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
  // The calibration of these people, and six rates of accepted strangers.
  assertEquals(text.match(/too few people/g)?.length, 7);
  assertMatch(text, /refused photos +\| 1 /);
  assert(!text.includes("NaN") && !text.includes("undefined"), text);
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
