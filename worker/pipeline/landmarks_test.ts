import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ModelError } from "../inference/session.ts";
import { type FakeSession, fakeSession } from "./fake_session.ts";
import type { RgbImage } from "./image.ts";
import { seededRandom } from "../../tests/support/seeded_random.ts";
import { createLandmarkFinder, type QuarterTurns } from "./landmarks.ts";

const SHAPE = [1, 1, 64, 64];

/**
 * 68 points; point i is at (i / 67, 1 − i / 67) of the crop. The box around them is the crop, so the
 * second look sees the same crop.
 */
const DIAGONAL = Float32Array.from(
  { length: 136 },
  (_, i) => i % 2 === 0 ? i / 134 : 1 - (i - 1) / 134,
);

/** A session whose runs give these outputs, one after the other. */
function sessionOf(...outputs: readonly Float32Array[]): FakeSession {
  const session = fakeSession(SHAPE, [[1, 136]]);
  return {
    ...session,
    run: async (data, shape) => {
      await session.run(data, shape);
      return [outputs[session.runs.length - 1]!];
    },
  };
}

/** A picture that is brighter further down. */
function slope(width: number, height: number): RgbImage {
  const image = picture(width, height, [0, 0, 0]);
  image.data.forEach((_, i) => image.data[i] = Math.floor(i / 3 / width) * 255 / height);
  return image;
}

function picture(width: number, height: number, colour: readonly number[]): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % 3]!;
  return { width, height, data };
}

Deno.test("the five points are the means of their landmarks, in pixels of the picture", async () => {
  const find = createLandmarkFinder(fakeSession(SHAPE, [[1, 136]], [DIAGONAL]));
  const box = { left: 100, top: 50, right: 300, bottom: 250 };
  const { points } = await find(picture(400, 300, [0, 0, 0]), box);
  const meanIndices = [
    (37 + 38 + 40 + 41) / 4,
    (43 + 44 + 46 + 47) / 4,
    30,
    (48 + 60) / 2,
    (54 + 64) / 2,
  ];
  points.forEach(([x, y], i) => {
    assertAlmostEquals(x, 100 + 200 * meanIndices[i]! / 67, 1e-3);
    assertAlmostEquals(y, 50 + 200 * (1 - meanIndices[i]! / 67), 1e-3);
  });
});

Deno.test("the crop is a square around the box, so that the face is not stretched", async () => {
  const find = createLandmarkFinder(fakeSession(SHAPE, [[1, 136]], [DIAGONAL]));
  const { points } = await find(picture(400, 300, [0, 0, 0]), {
    left: 150,
    top: 50,
    right: 250,
    bottom: 250,
  });
  const [x, y] = points[2];
  assertAlmostEquals(x, 100 + 200 * 30 / 67, 1e-3);
  assertAlmostEquals(y, 50 + 200 * 37 / 67, 1e-3);
});

Deno.test("when the box reaches over the picture's edge, the crop ends at the edge", async () => {
  const find = createLandmarkFinder(fakeSession(SHAPE, [[1, 136]], [DIAGONAL]));
  const { points } = await find(picture(100, 80, [0, 0, 0]), {
    left: -20,
    top: 20,
    right: 60,
    bottom: 100,
  });
  const [x, y] = points[2];
  assertAlmostEquals(x, 60 * 30 / 67, 1e-3);
  assertAlmostEquals(y, 20 + 60 * 37 / 67, 1e-3);
});

Deno.test("the network looks again at the square around the points of its first look", async () => {
  // The first points are in the middle of the crop, in a part that is wider than high.
  const first = DIAGONAL.map((value, i) => i % 2 === 0 ? 0.2 + value * 0.5 : 0.5 + value * 0.3);
  const session = sessionOf(first, DIAGONAL);
  const image = slope(400, 400);
  const { points, lookDistance } = await createLandmarkFinder(session)(image, {
    left: 100,
    top: 100,
    right: 300,
    bottom: 300,
  });
  // 140 to 240 and 200 to 260; the square has the same centre.
  const crop = { left: 140, top: 180, size: 100 };
  const [x, y] = points[2];
  assertAlmostEquals(x, crop.left + crop.size * 30 / 67, 1);
  assertAlmostEquals(y, crop.top + crop.size * 37 / 67, 1);
  // The nose alone moved from (140 + 100 · 30 / 67, 200 + 60 · 37 / 67) by 4.5 pixels.
  assert(lookDistance > 0.1 && lookDistance < 1, `${lookDistance}`);
  const [before, after] = session.runs.map(({ data }) => data[64 * 63]! - data[0]!);
  assertAlmostEquals(after! / before!, crop.size / 200, 0.05);
});

Deno.test("the points of the first look count when they lie outside the picture or coincide", async () => {
  const image = picture(200, 200, [0, 0, 0]);
  const box = { left: 50, top: 50, right: 150, bottom: 150 };
  for (const [u, v] of [[-9, 0.5], [9, 0.5], [0.5, -9], [0.5, 9], [0.5, 0.5]] as const) {
    const spread = u === v ? 0 : 0.1;
    const first = DIAGONAL.map((value, i) => (i % 2 === 0 ? u : v) + value * spread);
    const session = sessionOf(first, DIAGONAL);
    const { points: [, , [x]], lookDistance } = await createLandmarkFinder(session)(image, box);
    assertEquals(lookDistance, Infinity);
    assertEquals(session.runs.length, 1);
    assertAlmostEquals(x, 50 + 100 * (u + spread * 30 / 67), 1e-2);
  }
});

Deno.test("for any output of the network, both looks are inside the picture", async () => {
  const place = fc.oneof(fc.float({ min: -2, max: 3, noNaN: true }), fc.float());
  await fc.assert(fc.asyncProperty(
    fc.array(place, { minLength: 136, maxLength: 136 }),
    fc.integer({ min: 1, max: 90 }),
    fc.integer({ min: 1, max: 90 }),
    fc.constantFrom(0, 1, 2, 3),
    async (output, width, height, turns) => {
      const session = sessionOf(Float32Array.from(output), DIAGONAL);
      const image = picture(width, height, [200, 200, 200]);
      const box = { left: 0, top: 0, right: width, bottom: height };
      const { points } = await createLandmarkFinder(session)(image, box, turns);
      // A pixel outside the picture would be black or not a number.
      for (const { data } of session.runs) assert(data.every((v) => Math.abs(v - 0.78125) < 1e-3));
      if (session.runs.length === 2) assert(points.flat().every(Number.isFinite));
    },
  ));
});

Deno.test("the network sees a face that lies on its side or on its head as upright", async () => {
  const box = { left: 0, top: 0, right: 64, bottom: 64 };
  const random = seededRandom(7);
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, () => Math.floor(random() * 256));
  const upright: RgbImage = { width: 64, height: 64, data };
  const inputOf = async (image: RgbImage, turns: QuarterTurns) => {
    const session = fakeSession(SHAPE, [[1, 136]], [DIAGONAL]);
    const { points } = await createLandmarkFinder(session)(image, box, turns);
    return { input: [...session.runs[0]!.data], points };
  };
  const expected = await inputOf(upright, 0);
  let image = upright;
  for (const turns of [3, 2, 1] as const) {
    // After one more quarter turn clockwise, the picture needs one quarter turn less.
    image = turnClockwise(image);
    const { input, points } = await inputOf(image, turns);
    assertEquals(input, expected.input, `${turns}`);
    points.forEach(([x, y], i) => {
      let [u, v] = expected.points[i]!;
      for (let turn = turns; turn < 4; turn++) [u, v] = [64 - v, u];
      assertAlmostEquals(x, u, 1e-3);
      assertAlmostEquals(y, v, 1e-3);
    });
  }
});

function turnClockwise({ width, height, data }: RgbImage): RgbImage {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      turned.set(
        data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
        (x * height + height - 1 - y) * 3,
      );
    }
  }
  return { width: height, height: width, data: turned };
}

Deno.test("the network's input is gray, from 0 to 1", async () => {
  const session = fakeSession(SHAPE, [[1, 136]], [DIAGONAL]);
  const box = { left: 0, top: 0, right: 50, bottom: 50 };
  await createLandmarkFinder(session)(picture(50, 50, [100, 200, 50]), box);
  const { data, shape } = session.runs[0]!;
  assertEquals([...shape], SHAPE);
  assertEquals(data.length, 64 * 64);
  const gray = (0.299 * 100 + 0.587 * 200 + 0.114 * 50) / 256;
  for (const i of [0, 2000, 4095]) assertAlmostEquals(data[i]!, gray, 1e-5);
});

Deno.test("a landmark network of a wrong shape is refused", () => {
  for (
    const [input, outputs] of [
      [[1, 3, 64, 64], [[1, 136]]],
      [SHAPE, [[1, 10]]],
      [SHAPE, [[1, 136], [1, 136]]],
      [SHAPE, []],
    ] as const
  ) {
    assertThrows(() => createLandmarkFinder(fakeSession(input, outputs)), ModelError, "shapes");
  }
});
