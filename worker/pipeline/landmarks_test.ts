import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../inference/session.ts";
import { fakeSession } from "./fake_session.ts";
import type { RgbImage } from "./image.ts";
import { seededRandom } from "../../tests/support/seeded_random.ts";
import { createLandmarkFinder, type QuarterTurns } from "./landmarks.ts";

const SHAPE = [1, 1, 64, 64];

/** 68 points; point i is at (i / 100, 1 − i / 100) of the crop. */
const DIAGONAL = Float32Array.from(
  { length: 136 },
  (_, i) => i % 2 === 0 ? i / 200 : 1 - (i - 1) / 200,
);

function picture(width: number, height: number, colour: readonly number[]): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % 3]!;
  return { width, height, data };
}

Deno.test("the five points are the means of their landmarks, in pixels of the picture", async () => {
  const find = createLandmarkFinder(fakeSession(SHAPE, [[1, 136]], [DIAGONAL]));
  const box = { left: 100, top: 50, right: 300, bottom: 250 };
  const points = await find(picture(400, 300, [0, 0, 0]), box);
  const meanIndices = [
    (37 + 38 + 40 + 41) / 4,
    (43 + 44 + 46 + 47) / 4,
    30,
    (48 + 60) / 2,
    (54 + 64) / 2,
  ];
  points.forEach(([x, y], i) => {
    assertAlmostEquals(x, 100 + 200 * meanIndices[i]! / 100, 1e-3);
    assertAlmostEquals(y, 50 + 200 * (1 - meanIndices[i]! / 100), 1e-3);
  });
});

Deno.test("the crop is a square around the box, so that the face is not stretched", async () => {
  const find = createLandmarkFinder(fakeSession(SHAPE, [[1, 136]], [DIAGONAL]));
  const points = await find(picture(400, 300, [0, 0, 0]), {
    left: 150,
    top: 50,
    right: 250,
    bottom: 250,
  });
  const [x, y] = points[2];
  assertAlmostEquals(x, 100 + 200 * 0.3, 1e-3);
  assertAlmostEquals(y, 50 + 200 * 0.7, 1e-3);
});

Deno.test("when the box reaches over the picture's edge, the crop ends at the edge", async () => {
  const find = createLandmarkFinder(fakeSession(SHAPE, [[1, 136]], [DIAGONAL]));
  const points = await find(picture(100, 80, [0, 0, 0]), {
    left: -20,
    top: 40,
    right: 60,
    bottom: 120,
  });
  const [x, y] = points[2];
  assertAlmostEquals(x, 60 * 0.3, 1e-3);
  assertAlmostEquals(y, 40 + 40 * 0.7, 1e-3);
});

Deno.test("the network sees a face that lies on its side or on its head as upright", async () => {
  const box = { left: 0, top: 0, right: 64, bottom: 64 };
  const random = seededRandom(7);
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, () => Math.floor(random() * 256));
  const upright: RgbImage = { width: 64, height: 64, data };
  const inputOf = async (image: RgbImage, turns: QuarterTurns) => {
    const session = fakeSession(SHAPE, [[1, 136]], [DIAGONAL]);
    const points = await createLandmarkFinder(session)(image, box, turns);
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
