import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Box, RgbImage } from "./image.ts";
import { filterTriangle } from "./triangle_filter.ts";

/** Returns the result in the form of a decoded picture: interleaved, 0 to 255. */
function resized(image: RgbImage, region: Box, width: number, height: number): Float32Array {
  const planar = filterTriangle(image, region, width, height, { mean: 0, scale: 1 });
  const plane = width * height;
  return planar.map((_, i) => planar[(i % 3) * plane + Math.floor(i / 3)]!);
}

type Colour = readonly [red: number, green: number, blue: number];

function imageOf(
  width: number,
  height: number,
  colour: (x: number, y: number) => Colour,
): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  }
  return { width, height, data };
}

const whole = ({ width, height }: RgbImage) => ({ left: 0, top: 0, right: width, bottom: height });

const pixel = (pixels: Float32Array, width: number, x: number, y: number): number[] => [
  ...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

const sizes = fc.integer({ min: 1, max: 40 });
const noise = fc.tuple(sizes, sizes, fc.integer()).map(([width, height, seed]) =>
  imageOf(width, height, (x, y) => {
    const hash = Math.imul(x * 374_761_393 + y * 668_265_263 + seed, 1_274_126_177) >>> 0;
    return [hash & 255, hash >>> 8 & 255, hash >>> 16 & 255];
  })
);

Deno.test("a picture resized to its own size stays the same", () => {
  fc.assert(fc.property(noise, (image) => {
    const same = resized(image, whole(image), image.width, image.height);
    assertEquals([...same], [...image.data]);
  }));
});

Deno.test("a picture of one colour keeps this colour at every size", () => {
  fc.assert(fc.property(sizes, sizes, sizes, sizes, (width, height, outWidth, outHeight) => {
    const image = imageOf(width, height, () => [200, 100, 7]);
    const out = resized(image, whole(image), outWidth, outHeight);
    assertEquals(out.length, outWidth * outHeight * 3);
    for (let i = 0; i < out.length; i += 3) {
      assertAlmostEquals(out[i]!, 200, 1e-3);
      assertAlmostEquals(out[i + 1]!, 100, 1e-3);
      assertAlmostEquals(out[i + 2]!, 7, 1e-3);
    }
  }));
});

Deno.test("no pixel of the result is darker or brighter than the picture", () => {
  fc.assert(fc.property(noise, sizes, sizes, (image, width, height) => {
    const lowest = image.data.reduce((a, b) => Math.min(a, b));
    const highest = image.data.reduce((a, b) => Math.max(a, b));
    for (const value of resized(image, whole(image), width, height)) {
      assert(value >= lowest - 1e-3 && value <= highest + 1e-3, `${value}`);
    }
  }));
});

Deno.test("a mirrored picture gives the mirrored result", () => {
  fc.assert(fc.property(noise, sizes, sizes, (image, width, height) => {
    const { width: w, data } = image;
    const mirrored = imageOf(w, image.height, (x, y) => {
      const p = (y * w + w - 1 - x) * 3;
      return [data[p]!, data[p + 1]!, data[p + 2]!];
    });
    const out = resized(image, whole(image), width, height);
    const mirroredOut = resized(mirrored, whole(mirrored), width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const there = pixel(mirroredOut, width, width - 1 - x, y);
        pixel(out, width, x, y).forEach((value, c) => assertAlmostEquals(there[c]!, value, 1e-2));
      }
    }
  }));
});

Deno.test("enlarging interpolates between the middles of pixels", () => {
  const image = imageOf(2, 1, (x) => [x * 100, 0, 0]);
  const reds = resized(image, whole(image), 4, 1).filter((_, i) => i % 3 === 0);
  assertEquals([...reds], [0, 25, 75, 100]);
});

Deno.test("when shrinking, every pixel of the picture counts", () => {
  // Stripes two pixels wide become gray. A filter that takes single pixels would give black or
  // white.
  const stripes = imageOf(400, 300, (x) => x % 4 < 2 ? [255, 255, 255] : [0, 0, 0]);
  const out = resized(stripes, whole(stripes), 40, 30);
  for (let x = 1; x < 39; x++) assertAlmostEquals(pixel(out, 40, x, 15)[0]!, 127.5, 5);
});

Deno.test("pixels outside the region do not count", () => {
  const inside = { left: 3, top: 2, right: 9, bottom: 7 };
  const image = imageOf(12, 10, (x, y) => {
    const isInside = x >= inside.left && x < inside.right && y >= inside.top && y < inside.bottom;
    return isInside ? [50, 60, 70] : [255, 255, 255];
  });
  for (const [width, height] of [[6, 5], [30, 20], [2, 2]] as const) {
    const out = resized(image, inside, width, height);
    for (let i = 0; i < out.length; i++) assertAlmostEquals(out[i]!, [50, 60, 70][i % 3]!, 1e-3);
  }
});

Deno.test("each pixel of the result comes from its place in the region", () => {
  const image = imageOf(100, 80, (x, y) => [x, y, 0]);
  const out = resized(image, { left: 20, top: 10, right: 60, bottom: 50 }, 20, 20);
  // The middle of result pixel 5 is 5.5 * 2 pixels from the region's edge, minus half a source
  // pixel.
  assertAlmostEquals(pixel(out, 20, 5, 8)[0]!, 20 + 5.5 * 2 - 0.5, 1e-3);
  assertAlmostEquals(pixel(out, 20, 5, 8)[1]!, 10 + 8.5 * 2 - 0.5, 1e-3);
});

Deno.test("the result has one plane per colour, with values in the network's range", () => {
  const image = imageOf(2, 1, (x) => [x * 100, 128, 0]);
  const out = filterTriangle(image, whole(image), 2, 1, { mean: 128, scale: 2 });
  assertEquals([...out], [-64, -14, 0, 0, -64, -64]);
});
