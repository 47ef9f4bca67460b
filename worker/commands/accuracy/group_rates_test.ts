import { assert, assertEquals, assertMatch } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { normalize } from "../../../matching/vector.ts";
import { fitCalibration } from "../calibrate/calibrate.ts";
import { comparePairs } from "./evaluate.ts";
import { measureGroups, strictestGroup, worstGroup } from "./group_rates.ts";
import { formatGroups } from "./group_report.ts";
import { promisedFmrs } from "./measured_rates.ts";

const APART = randomPeople(200, 4, 64, 0.9);
/** People whose faces have a direction in common, so strangers resemble each other more. */
const ALIKE = randomPeople(180, 3, 64, 0.9).map((photos) =>
  photos.map((photo) => normalize(photo.map((value, i) => i === 0 ? value + 0.6 : value)))
);
const PEOPLE = [...APART, ...ALIKE, [undefined]];
const SCORES = comparePairs(PEOPLE);
const { calibration: CALIBRATION } = fitCalibration(APART);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const GROUPS = [
  { name: "apart", people: range(0, 200) },
  { name: "alike", people: range(200, 380) },
  { name: "few", people: [0, 1, 2] },
  { name: "nobody", people: [380] },
];
const RATES = measureGroups(PEOPLE, SCORES, GROUPS, CALIBRATION);

Deno.test("only strangers of one group count for the group", () => {
  assertEquals(RATES.map(({ name, people }) => [name, people]), [
    ["all", 380],
    ["apart", 200],
    ["alike", 180],
    ["few", 3],
    ["nobody", 0],
  ]);
  assertEquals(RATES[2]!.pairs, 180 * 179 / 2 * 9);
  const alone = comparePairs(ALIKE);
  assertEquals(RATES[2]!.fmr, promisedFmrs(alone, CALIBRATION, [1e-4])[0]);
  assertEquals(RATES[2]!.cosine, alone.strangers.reachedBy(1e-4));
});

Deno.test("the worst group has the most false matches and needs the highest cosine", () => {
  const groups = RATES.slice(1);
  assertEquals(worstGroup(groups)?.name, "alike");
  assertEquals(strictestGroup(groups)?.name, "alike");
  assert(RATES[2]!.cosine! > RATES[1]!.cosine! + 0.05);
  assertEquals(worstGroup(groups.slice(2)), undefined);
  assertEquals(strictestGroup(groups.slice(2)), undefined);
});

Deno.test("the table says where the pairs are too few", () => {
  const text = formatGroups(RATES, CALIBRATION);
  assert(!/NaN|undefined|Infinity/.test(text), text);
  assertMatch(text, /\| few +\| 3 +\| 48 +\| 0 +\| 0 \(up to 1 in 16\) +\| too few pairs +\|/);
  assertMatch(text, /\| nobody +\| 0 +\| 0 +\| 0 +\| too few pairs +\| too few pairs +\|/);
  assertMatch(text, /Most false matches: alike, 1 in [\d,]+ instead of 1 in 10,000\./);
  assertMatch(text, /in every group with enough pairs: cosine 0\.\d{3}, confidence [01]\.\d{4} /);
  const none = formatGroups([RATES[0]!, ...RATES.slice(3)], CALIBRATION);
  assertMatch(none, /No group has 10 pairs that match\.\n\nNo group has the 100,000 pairs/);
});
