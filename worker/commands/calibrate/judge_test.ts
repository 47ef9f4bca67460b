import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NO_PROGRESS } from "../../../shared/progress.ts";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { seededRandom } from "../../../shared/seeded_random.ts";
import { cosine } from "../../../matching/vector.ts";
import { strangerCosines } from "../strangers/stranger_cosines.ts";
import { CalibrationError } from "./calibrate.ts";
import { cosineAtRate } from "./cosine_at_rate.ts";
import { chanceOfNoHit } from "../strangers/stranger_matches.ts";
import { judgeIdentificationRate, judgeMatchRate } from "./judge.ts";
import { judgeHalves } from "./judge_halves.ts";
import { formatJudgement } from "./judge_report.ts";

const SPHERE = { fitted_mean_cosine: 0, fitted_dimension: 40 };
const PEOPLE = randomPeople(60, 3, 40, 0.6);
const JUDGED = { strangers: strangerCosines(PEOPLE), seed: 1 };

Deno.test("the measured FMR is the share of the pairs beyond the promised cosine", () => {
  const threshold = cosineAtRate(1e-2, SPHERE);
  let matches = 0, pairs = 0;
  PEOPLE.forEach((person, i) =>
    PEOPLE.slice(i + 1).flat().forEach((other) =>
      person.forEach((photo) => {
        pairs++;
        if (cosine(photo, other) >= threshold) matches++;
      })
    )
  );
  const judged = judgeMatchRate(JUDGED, SPHERE, 1e-2);
  assertEquals(judged.matches, matches);
  assertAlmostEquals(judged.measured, matches / pairs, 1e-12);
  const draws = judged.draws.toSorted((a, b) => a - b);
  assert(draws[25]! < judged.measured && judged.measured < draws[974]!);
});

Deno.test("the chance that no template of a random gallery matches is that of drawing galleries", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
    fc.integer({ min: 5, max: 9 }),
    fc.integer({ min: 1, max: 5 }),
    (shares, people, size) => {
      // Adds up all galleries, with each set of people once.
      let chance = 0, galleries = 0;
      for (let set = 0; set < 2 ** people; set++) {
        const members = Array.from({ length: people }, (_, i) => i).filter((i) => set >> i & 1);
        if (members.length !== size) continue;
        galleries++;
        chance += members.reduce((product, member) => product * (1 - (shares[member] ?? 0)), 1);
      }
      assertAlmostEquals(chanceOfNoHit(shares, people, size), chance / galleries, 1e-12);
    },
  ));
});

Deno.test("the intervals of the FPIR also draw the people of the galleries again", () => {
  // Only the photos of the first two people match. A draw with one of them alone has no match.
  const people = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]].map((
    face,
  ) => [Float32Array.from(face)]);
  const judged = { strangers: strangerCosines(people), seed: 1 };
  const { measured, draws } = judgeIdentificationRate(judged, SPHERE, 1e-3, 2);
  // Each of the two is found in two of three galleries.
  assertAlmostEquals(measured, 2 / 3 / 2, 1e-12);
  const withoutMatch = draws.filter((rate) => rate === 0).length / draws.length;
  const either = (3 / 4) ** 4, neither = (2 / 4) ** 4;
  assertAlmostEquals(withoutMatch, 2 * either - neither, 0.05);
  assert(draws.every((rate) => rate >= 0 && rate <= 1));
});

Deno.test("the measured FPIR is that of searching each photo in random galleries", () => {
  const size = 20, promised = 0.2, random = seededRandom(3);
  const threshold = cosineAtRate(1 - (1 - promised) ** (1 / size), SPHERE);
  let found = 0, searches = 0;
  for (let round = 0; round < 40; round++) {
    PEOPLE.forEach((person, own) =>
      person.forEach((probe) => {
        const others = PEOPLE.filter((_, i) => i !== own);
        const gallery = Array.from({ length: size }, () => {
          const [other] = others.splice(Math.floor(random() * others.length), 1);
          return other![Math.floor(random() * other!.length)]!;
        });
        searches++;
        if (gallery.some((template) => cosine(probe, template) >= threshold)) found++;
      })
    );
  }
  const { measured } = judgeIdentificationRate(JUDGED, SPHERE, promised, size);
  assertAlmostEquals(measured / (found / searches), 1, 0.06);
});

Deno.test("a rate that more pairs reach than are kept is an error", () => {
  const strangers = strangerCosines(PEOPLE, { kept: 5 });
  assertThrows(() => judgeMatchRate({ ...JUDGED, strangers }, SPHERE, 1e-2), CalibrationError);
});

Deno.test("both halves keep their promise for random directions, and the report has all rates", () => {
  const people = randomPeople(400, 2, 64, 0.8);
  const judgement = judgeHalves([[], ...people], { excluded: [[1, 2]], progress: NO_PROGRESS });
  assertEquals(judgement.rates.length, 10);
  for (const { method, promised, kind, ratio, interval } of judgement.rates) {
    if (promised < 1e-3) continue;
    assert(ratio > 0.6 && ratio < 1.7, `${method} ${kind} ${promised}: ${ratio}`);
    assert(interval[0] <= ratio && ratio <= interval[1]);
  }
  const report = formatJudgement(judgement);
  assert(!/NaN|undefined|Infinity/.test(report), report);
  assert(report.includes("FPIR with 199 templates, 1 in 100"), report);
});

Deno.test("the halves of too few people cannot be judged", () => {
  assertThrows(
    () => judgeHalves(randomPeople(199, 2, 8, 0.5), { excluded: [], progress: NO_PROGRESS }),
    CalibrationError,
    "at least 200 people; there are 199",
  );
});
