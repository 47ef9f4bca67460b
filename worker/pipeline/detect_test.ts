import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type PictureCode, pictureProblem } from "../../shared/contract/picture_problem.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { ModelError } from "../inference/session.ts";
import { chooseFace, createFaceDetector } from "./detect.ts";
import type { Face } from "./face_network.ts";
import { fakeSession } from "./fake_session.ts";
import type { Box, RgbImage } from "./image.ts";
import { overlap, suppressOverlaps } from "./suppress_overlaps.ts";

const boxes = fc.record({
  left: fc.double({ min: 0, max: 100, noNaN: true }),
  top: fc.double({ min: 0, max: 100, noNaN: true }),
  width: fc.double({ min: 1, max: 100, noNaN: true }),
  height: fc.double({ min: 1, max: 100, noNaN: true }),
}).map(({ left, top, width, height }): Box => ({
  left,
  top,
  right: left + width,
  bottom: top + height,
}));
const faces = fc.record<Face>({ box: boxes, score: fc.double({ min: 0, max: 1, noNaN: true }) });

Deno.test("the overlap of two boxes is their intersection over their union", () => {
  const box = (left: number, top: number, right: number, bottom: number) => ({
    left,
    top,
    right,
    bottom,
  });
  assertEquals(overlap(box(0, 0, 10, 10), box(0, 0, 10, 10)), 1);
  assertEquals(overlap(box(0, 0, 10, 10), box(5, 0, 15, 10)), 1 / 3);
  assertEquals(overlap(box(0, 0, 10, 10), box(2, 2, 7, 4)), 0.1);
  assertEquals(overlap(box(0, 0, 10, 10), box(10, 0, 20, 10)), 0);
  assertEquals(overlap(box(0, 0, 10, 10), box(20, 20, 30, 30)), 0);
});

Deno.test("the overlap does not depend on the order and is between 0 and 1", () => {
  fc.assert(fc.property(boxes, boxes, (a, b) => {
    assertAlmostEquals(overlap(a, b), overlap(b, a), 1e-12);
    assert(overlap(a, b) >= 0 && overlap(a, b) <= 1 + 1e-12);
  }));
});

Deno.test("non-maximum suppression keeps the best face of each group, and no two faces that overlap", () => {
  fc.assert(fc.property(fc.array(faces), (found) => {
    const kept = suppressOverlaps(found, 0.4);
    for (const [i, face] of kept.entries()) {
      assert(found.includes(face));
      for (const better of kept.slice(0, i)) {
        assert(better.score >= face.score);
        assert(overlap(better.box, face.box) <= 0.4);
      }
    }
    for (const face of found.filter((face) => !kept.includes(face))) {
      assert(kept.some((k) => k.score >= face.score && overlap(k.box, face.box) > 0.4));
    }
  }));
});

/** Makes a face of the given width with its middle at (x, y). */
const faceAt = (x: number, y: number, width: number, score = 0.9): Face => ({
  box: { left: x - width / 2, top: y - width / 2, right: x + width / 2, bottom: y + width / 2 },
  score,
});

const PICTURE = { width: 1000, height: 800 };

function refused(code: PictureCode, found: readonly Face[]): void {
  const problem = assertThrows(() => chooseFace(found, PICTURE), Problem);
  assertEquals([problem.code, problem.message], [code, pictureProblem(code).message]);
}

Deno.test("a picture without a face is refused", () => refused("no_face", []));

Deno.test("the only face is chosen, wherever it is", () => {
  for (const face of [faceAt(500, 400, 200), faceAt(60, 60, 100), faceAt(-10, 400, 80)]) {
    assertEquals(chooseFace([face], PICTURE), face);
  }
});

Deno.test("the widest face is chosen, not the one with the best score", () => {
  const wide = faceAt(200, 200, 200, 0.7), narrow = faceAt(600, 400, 80, 0.99);
  assertEquals(chooseFace([narrow, wide], PICTURE), wide);
});

Deno.test("a picture with another face at least half as wide is refused", () => {
  const wide = faceAt(200, 200, 200);
  refused("multiple_faces", [wide, faceAt(600, 600, 100)]);
  refused("multiple_faces", [faceAt(600, 600, 199), wide]);
  assertEquals(chooseFace([wide, faceAt(600, 600, 99)], PICTURE), wide);
});

Deno.test("when the widest face is in the middle, other faces may be almost three quarters as wide", () => {
  const framed = faceAt(520, 380, 200);
  assertEquals(chooseFace([framed, faceAt(800, 600, 149)], PICTURE), framed);
  refused("multiple_faces", [framed, faceAt(800, 600, 150)]);
  const besideTheMiddle = faceAt(390, 400, 200);
  refused("multiple_faces", [besideTheMiddle, faceAt(800, 600, 149)]);
});

Deno.test("a face under 40 pixels wide is too small", () => {
  refused("face_too_small", [faceAt(500, 400, 39.9)]);
  assertEquals(chooseFace([faceAt(500, 400, 40)], PICTURE), faceAt(500, 400, 40));
});

Deno.test("several small faces are refused as multiple_faces, not as face_too_small", () => {
  refused("multiple_faces", [faceAt(100, 100, 30), faceAt(500, 500, 30)]);
});

const INPUT = [1, 3, 240, 320];
const OUTPUTS = [[1, 4420, 2], [1, 4420, 4]];

function detectorOf(found: readonly { score: number; box: readonly number[] }[]) {
  const scores = new Float32Array(4420 * 2), boxes = new Float32Array(4420 * 4);
  for (let i = 0; i < 4420; i++) scores[i * 2] = 1;
  found.forEach(({ score, box }, i) => {
    scores[i * 2 + 1] = score;
    boxes.set(box, i * 4);
  });
  const session = fakeSession(INPUT, OUTPUTS, [scores, boxes]);
  return { session, detect: createFaceDetector(session) };
}

const plain = (width: number, height: number, value: readonly number[]): RgbImage => {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = value[i % 3]!;
  return { width, height, data };
};

Deno.test("the boxes are in pixels of the picture, and the face with the best score is first", async () => {
  const { detect } = detectorOf([
    { score: 0.7, box: [0.1, 0.2, 0.3, 0.4] },
    { score: 0.9, box: [0.5, 0.5, 0.75, 1.25] },
    { score: 0.64, box: [0.8, 0.1, 0.9, 0.2] },
  ]);
  const found = await detect(plain(1000, 400, [0, 0, 0]));
  assertEquals(
    found.map(({ box }) => Object.values(box).map(Math.round)),
    [[500, 200, 750, 500], [100, 80, 300, 160]],
  );
});

Deno.test("a score or box that is not a number, or a box without area, is not a face", async () => {
  const { detect } = detectorOf([
    { score: NaN, box: [0.1, 0.1, 0.3, 0.3] },
    { score: 0.9, box: [0.5, 0.1, 0.4, 0.3] },
    { score: 0.9, box: [NaN, 0.1, 0.4, 0.3] },
  ]);
  assertEquals(await detect(plain(100, 100, [0, 0, 0])), []);
});

Deno.test("the network's input is a red, a green and a blue plane of (p - 127) / 128", async () => {
  const { session, detect } = detectorOf([]);
  await detect(plain(640, 480, [255, 127, 0]));
  const { data, shape } = session.runs[0]!;
  assertEquals([...shape], INPUT);
  const plane = 320 * 240;
  for (const [channel, value] of [1, 0, -127 / 128].entries()) {
    for (const i of [0, 12_345, plane - 1]) {
      assertAlmostEquals(data[channel * plane + i]!, value, 1e-5);
    }
  }
});

Deno.test("the network's input has nothing of the picture before", async () => {
  const { session, detect } = detectorOf([]);
  for (const [width, height] of [[100, 400], [400, 200], [100, 400], [240, 240]] as const) {
    const picture = plain(width, height, [255, 127, 10]);
    const fresh = detectorOf([]);
    await detect(picture);
    await fresh.detect(picture);
    const [kept, own] = [session, fresh.session].map(({ runs }) => runs.at(-1)!.data);
    assert(kept!.every((value, i) => value === own![i]), `${width} x ${height}`);
  }
});

Deno.test("a detection model with wrong shapes is refused", () => {
  for (
    const [input, outputs] of [
      [[1, 3, 480, 640], OUTPUTS],
      [INPUT, [[1, 4420, 4], [1, 4420, 2]]],
      [INPUT, [[1, 4420, 2]]],
      [INPUT, [...OUTPUTS, [1, 1]]],
    ] as const
  ) {
    assertThrows(() => createFaceDetector(fakeSession(input, outputs)), ModelError, "UltraFace");
  }
});
