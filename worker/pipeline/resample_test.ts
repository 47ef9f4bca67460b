import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { RgbImage } from "./image.ts";
import { resample, resampleGray } from "./resample.ts";
import { filterTriangle } from "./triangle_filter.ts";

/** Makes a picture of soft waves with fine noise on them. */
function waves(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p += 3) {
      const noise = Math.imul(x * 374_761_393 + y * 668_265_263, 1_274_126_177) >>> 28;
      data[p] = 120 + 100 * Math.sin(x / 40) + noise;
      data[p + 1] = 120 + 100 * Math.cos(y / 30) + noise;
      data[p + 2] = 120 + 100 * Math.sin((x + y) / 60) + noise;
    }
  }
  return { width, height, data };
}

const RANGE = { mean: 100, scale: 2 };

Deno.test("native code shrinks a large region to nearly the same result as our own filter", async () => {
  const image = waves(900, 700);
  const region = { left: 37, top: 11, right: 862, bottom: 690 };
  const native = await resample(image, region, 320, 240, RANGE);
  const own = filterTriangle(image, region, 320, 240, RANGE);
  assertEquals(native.length, own.length);
  let sum = 0, worst = 0;
  native.forEach((value, i) => {
    const difference = Math.abs(value - own[i]!) * RANGE.scale;
    sum += difference;
    worst = Math.max(worst, difference);
  });
  assert(sum / native.length < 1, `mean difference ${sum / native.length} levels`);
  assert(worst < 5, `greatest difference ${worst} levels`);
});

Deno.test("a small region, or one that is enlarged, is resized by our own filter", async () => {
  const image = waves(600, 500);
  for (
    const [region, width, height] of [
      [{ left: 5, top: 5, right: 205, bottom: 205 }, 64, 64],
      [{ left: 0, top: 0, right: 600, bottom: 500 }, 640, 480],
    ] as const
  ) {
    assertEquals(
      await resample(image, region, width, height, RANGE),
      filterTriangle(image, region, width, height, RANGE),
    );
  }
});

Deno.test("a gray result is the luma of the coloured one, for every size and kind of region", async () => {
  const image = waves(900, 700);
  for (
    const region of [
      { left: 37, top: 11, right: 862, bottom: 690 },
      { left: 5, top: 7, right: 205, bottom: 150 },
      { left: 899, top: 0, right: 900, bottom: 700 },
      { left: 400, top: 300, right: 421, bottom: 317 },
    ]
  ) {
    const [red, green, blue] = planesOf(await resample(image, region, 64, 48, RANGE));
    const gray = await resampleGray(image, region, 64, 48, RANGE);
    assertEquals(gray.length, 64 * 48);
    gray.forEach((value, i) => {
      assertAlmostEquals(value, 0.299 * red![i]! + 0.587 * green![i]! + 0.114 * blue![i]!, 1e-3);
    });
  }
});

const planesOf = (planar: Float32Array): Float32Array[] =>
  [0, 1, 2].map((c) => planar.subarray(c * planar.length / 3, (c + 1) * planar.length / 3));
