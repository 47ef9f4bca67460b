import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import type { RecognizedFace } from "../../pipeline/pipeline.ts";
import { FAULTS } from "../faults.ts";
import { formatGateReport } from "./gate_report.ts";
import { crossJudgeGate, judgeGate } from "./judge_gate.ts";

const BOUNDS = { min_embedding_length: 2.5, max_roll_degrees: 60, max_shape_distance: 0.5 };

const faceOf = (embedding: Float32Array, embeddingLength: number): RecognizedFace => ({
  box: { left: 0, top: 0, right: 100, bottom: 100 },
  points: [[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]],
  embedding,
  quality: { embeddingLength, rollDegrees: 0, shapeDistance: 0.1, lookDistance: 0.05 },
});

/** Photos of people who differ, with embeddings of a length from 3 to 4. */
const GOOD = randomPeople(6, 4, 256, 0.9).map((photos) =>
  photos.map((embedding, i) => faceOf(embedding, 3 + i / 3))
);

/** Photos with the same embedding for everybody, of the given length. */
const alike = (length: number) =>
  GOOD.map((photos) => photos.map(() => faceOf(GOOD[0]![0]!.embedding, length)));

Deno.test("the gate is judged by the photos that are enrolled and the strangers who match them", () => {
  const samples = [
    { name: "good", faces: GOOD },
    { name: "short", faces: alike(2) },
    { name: "long", faces: alike(3) },
    { name: "not found", faces: GOOD.map((photos) => photos.map(() => undefined)) },
  ];
  const [good, short, long, missing] = judgeGate(GOOD, samples, BOUNDS, 0.5);
  assertEquals([good!.enrolled, good!.strangers], [{ without: 24, with: 24 }, {
    without: 0,
    with: 0,
  }]);
  assertEquals([good!.comparisons, short!.comparisons], [24 * 20, 24 * 40]);
  // Every stranger with the same fault matches. So does each good photo of the first person, as a
  // stranger to the other five people.
  const matches = 24 * 20 + 5 * 4 * 4;
  assertEquals([short!.enrolled, short!.strangers], [{ without: 24, with: 0 }, {
    without: matches,
    with: 0,
  }]);
  assertEquals([long!.enrolled, long!.strangers], [{ without: 24, with: 24 }, {
    without: matches,
    with: matches,
  }]);
  assertEquals(missing!.enrolled, { without: 0, with: 0 });
});

Deno.test("each half of the people is judged by the bounds of the other half", () => {
  const turned = FAULTS.slice(0, 3).map(({ name }) => ({
    name,
    // The turned photos of the second half have embeddings that are as long as good ones.
    faces: [...alike(2).slice(0, 3), ...alike(3.2).slice(3)],
  }));
  const samples = [{ name: "good", faces: GOOD }, ...turned];
  const { effects, bounds } = crossJudgeGate(GOOD, samples, 0.5);
  const [first, second] = bounds.map(({ min_embedding_length }) => min_embedding_length);
  assert(first! < 2.1 && second! > 2.9, `${first} ${second}`);
  assertEquals(effects[1]!.photos, 24);
  assertEquals(effects[1]!.enrolled, { without: 24, with: 12 });
  const text = formatGateReport({ effects, bounds }, effects, BOUNDS);
  assertMatch(text, /turned by 90° +\| 100\.0 % +\| 50\.0 %/);
  assert(!/NaN|undefined/.test(text), text);
});

Deno.test("too few people to judge the gate are an error", () => {
  assertThrows(
    () => crossJudgeGate(GOOD.slice(0, 3), [{ name: "good", faces: GOOD.slice(0, 3) }], 0.5),
    RangeError,
    "four people",
  );
});
