import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ModelError } from "../inference/session.ts";
import { fakeSession } from "./fake_session.ts";
import { createLivenessMeter, cropAround } from "./liveness.ts";

const SHAPE = [1, 3, 128, 128];

const meter = (logits: readonly number[]) => {
  const session = fakeSession(SHAPE, [[1, 3]], [Float32Array.from(logits)]);
  return { session, measure: createLivenessMeter(session) };
};

const plain = (width: number, height: number, colour: readonly number[]) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!),
});

Deno.test("the score is the share of the class live, also for very large outputs", async () => {
  const image = plain(50, 50, [0, 0, 0]);
  const box = { left: 10, top: 10, right: 40, bottom: 40 };
  for (
    const [logits, score] of [
      [[0, 0, 0], 1 / 3],
      [[Math.log(8), 0, 0], 0.8],
      [[900, 0, 0], 1],
      [[0, 900, 0], 0],
    ] as const
  ) assertAlmostEquals(await meter(logits).measure(image, box), score, 1e-6);
});

Deno.test("the network sees blue, green and red, 0 to 255", async () => {
  const { session, measure } = meter([1, 0, 0]);
  await measure(plain(300, 200, [10, 20, 255]), { left: 100, top: 50, right: 180, bottom: 150 });
  const { data, shape } = session.runs[0]!;
  assertEquals([...shape], SHAPE);
  const plane = 128 * 128;
  for (const [channel, value] of [255, 20, 10].entries()) {
    for (const i of [0, 5000, plane - 1]) {
      assertAlmostEquals(data[channel * plane + i]!, value, 1e-3);
    }
  }
});

Deno.test("the crop is 2.7 times the box, with the same centre", () => {
  const box = { left: 400, top: 300, right: 500, bottom: 420 };
  assertEquals(cropAround(box, { width: 1000, height: 800 }), {
    left: 315,
    top: 198,
    right: 585,
    bottom: 522,
  });
});

Deno.test("at the picture's edge, the crop is shifted and keeps its size", () => {
  const picture = { width: 1000, height: 800 };
  for (
    const [box, left, top] of [
      [{ left: -20, top: 300, right: 80, bottom: 420 }, 0, 198],
      [{ left: 920, top: 700, right: 1020, bottom: 820 }, 730, 476],
    ] as const
  ) {
    assertEquals(cropAround(box, picture), { left, top, right: left + 270, bottom: top + 324 });
  }
});

Deno.test("for any box, the crop lies inside the picture", () => {
  const place = fc.double({ min: -500, max: 500, noNaN: true });
  const side = fc.double({ min: 0, max: 800, noNaN: true });
  const size = fc.integer({ min: 1, max: 400 });
  fc.assert(fc.property(place, place, side, side, size, size, (left, top, w, h, width, height) => {
    const crop = cropAround({ left, top, right: left + w, bottom: top + h }, { width, height });
    assert(Object.values(crop).every(Number.isInteger));
    assert(0 <= crop.left && crop.left < crop.right && crop.right <= width);
    assert(0 <= crop.top && crop.top < crop.bottom && crop.bottom <= height);
  }));
});

Deno.test("a liveness network of a wrong shape is refused", () => {
  for (
    const [input, outputs] of [
      [[1, 3, 80, 80], [[1, 3]]],
      [SHAPE, [[1, 2]]],
      [SHAPE, [[1, 3], [1, 3]]],
      [SHAPE, []],
    ] as const
  ) assertThrows(() => createLivenessMeter(fakeSession(input, outputs)), ModelError, "shapes");
});
