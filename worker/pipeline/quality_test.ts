import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ALIGNED_POINTS } from "./align.ts";
import type { Point } from "./image.ts";
import type { FivePoints } from "./landmarks.ts";
import { type FaceQuality, findQualityFault, MAX_LOOK_DISTANCE, measureShape } from "./quality.ts";

const BOUNDS = { min_embedding_length: 2.6, max_roll_degrees: 45, max_shape_distance: 0.5 };
const GOOD: FaceQuality = {
  embeddingLength: 3.8,
  rollDegrees: 5,
  shapeDistance: 0.14,
  lookDistance: 0.03,
};

const degrees = fc.double({ min: -179, max: 179, noNaN: true });
const scale = fc.double({ min: 0.1, max: 50, noNaN: true });
const shift = fc.double({ min: -1e4, max: 1e4, noNaN: true });

/** Turns clockwise, then scales and shifts. */
function place(points: FivePoints, angle: number, size: number, dx = 0, dy = 0): FivePoints {
  const cos = size * Math.cos(angle * Math.PI / 180), sin = size * Math.sin(angle * Math.PI / 180);
  return points.map(([x, y]): Point => [
    cos * x - sin * y + dx,
    sin * x + cos * y + dy,
  ]) as unknown as FivePoints;
}

Deno.test("the mean face has the shape distance 0, at every angle, size and place", () => {
  fc.assert(fc.property(degrees, scale, shift, shift, (angle, size, dx, dy) => {
    const shape = measureShape(place(ALIGNED_POINTS, angle, size, dx, dy));
    assertAlmostEquals(shape.rollDegrees, angle, 1e-3);
    assertAlmostEquals(shape.shapeDistance, 0, 1e-4);
  }));
});

Deno.test("the shape distance of any face is 0 to 1 and does not depend on angle, size and place", () => {
  const coordinate = fc.double({ min: 0, max: 100, noNaN: true });
  const five = fc.array(fc.tuple(coordinate, coordinate), { minLength: 5, maxLength: 5 });
  fc.assert(fc.property(five, degrees, (points, angle) => {
    const face = points as unknown as FivePoints;
    const spread = Math.max(
      ...points.map(([x, y]) => Math.hypot(x - points[0]![0], y - points[0]![1])),
    );
    fc.pre(spread > 1);
    const { shapeDistance } = measureShape(face);
    assert(shapeDistance >= 0 && shapeDistance <= 1 + 1e-9, `${shapeDistance}`);
    assertAlmostEquals(
      measureShape(place(face, angle, 3, 50, -20)).shapeDistance,
      shapeDistance,
      1e-6,
    );
  }));
});

Deno.test("a face that nobody can have is beyond the bounds", () => {
  const [left, right, nose, mouthLeft, mouthRight] = ALIGNED_POINTS;
  const faces: [string, FivePoints][] = [
    ["upside down", place(ALIGNED_POINTS, 180, 1)],
    ["eyes below the mouth", [mouthLeft, mouthRight, nose, left, right]],
    ["left and right exchanged", [right, left, nose, mouthRight, mouthLeft]],
    ["all in one line", [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0]]],
    ["eyes at one point", [left, left, nose, mouthLeft, mouthRight]],
    ["mouth at the eyes", [left, right, nose, left, right]],
  ];
  for (const [name, points] of faces) {
    const quality = { ...GOOD, ...measureShape(points) };
    assert(findQualityFault(quality, BOUNDS) !== undefined, `${name}: ${JSON.stringify(quality)}`);
  }
});

Deno.test("each measure has its fault, and a measure at its bound is accepted", () => {
  const cases: [Partial<FaceQuality>, ReturnType<typeof findQualityFault>][] = [
    [{}, undefined],
    [{ embeddingLength: 2.6, rollDegrees: -45, shapeDistance: 0.5 }, undefined],
    [{ embeddingLength: 2.59 }, "face_unclear"],
    [{ shapeDistance: 0.51 }, "face_unclear"],
    [{ lookDistance: MAX_LOOK_DISTANCE }, undefined],
    [{ lookDistance: MAX_LOOK_DISTANCE + 0.01 }, "face_unclear"],
    [{ lookDistance: Infinity }, "face_unclear"],
    [{ rollDegrees: 45.1 }, "face_not_upright"],
    [{ rollDegrees: -45.1 }, "face_not_upright"],
    [{ rollDegrees: 90, embeddingLength: 1, shapeDistance: 1 }, "face_not_upright"],
  ];
  for (const [measures, fault] of cases) {
    assertEquals(
      findQualityFault({ ...GOOD, ...measures }, BOUNDS),
      fault,
      JSON.stringify(measures),
    );
  }
});

Deno.test("a measure that is not a number is always a fault", () => {
  for (
    const measure of ["embeddingLength", "rollDegrees", "shapeDistance", "lookDistance"] as const
  ) {
    assert(findQualityFault({ ...GOOD, [measure]: NaN }, BOUNDS) !== undefined, measure);
  }
});

Deno.test("a face that is no better than an accepted one in any measure is accepted only with it", () => {
  const measures = fc.record({
    embeddingLength: fc.double({ min: 0, max: 6, noNaN: true }),
    rollDegrees: fc.double({ min: -180, max: 180, noNaN: true }),
    shapeDistance: fc.double({ min: 0, max: 1, noNaN: true }),
    lookDistance: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(fc.property(measures, measures, (a, b) => {
    const worse: FaceQuality = {
      embeddingLength: Math.min(a.embeddingLength, b.embeddingLength),
      rollDegrees: Math.max(Math.abs(a.rollDegrees), Math.abs(b.rollDegrees)),
      shapeDistance: Math.max(a.shapeDistance, b.shapeDistance),
      lookDistance: Math.max(a.lookDistance, b.lookDistance),
    };
    if (findQualityFault(worse, BOUNDS) !== undefined) return;
    assertEquals([findQualityFault(a, BOUNDS), findQualityFault(b, BOUNDS)], [
      undefined,
      undefined,
    ]);
  }));
});
