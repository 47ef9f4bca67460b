import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ASSEMBLED, assemblePixels } from "../../tests/support/assemble.ts";
import type { RgbImage } from "./image.ts";
import { type Affine, warpPixels } from "./pixels.ts";

Deno.test("the loops are assembled from their text: deno task assemble", async () => {
  assertEquals(await Deno.readFile(ASSEMBLED), await assemblePixels());
});

const picture = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }))
  .chain(([width, height]) =>
    fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data): RgbImage => ({ width, height, data }))
  );
const factor = fc.double({ min: -3, max: 3, noNaN: true });
const shift = fc.double({ min: -40, max: 40, noNaN: true });
const map: fc.Arbitrary<Affine> = fc.record({
  xx: factor,
  xy: factor,
  x0: shift,
  yx: factor,
  yy: factor,
  y0: shift,
});

/** Returns a bilinear value of a channel, with black around the picture. */
function bilinear({ width, height, data }: RgbImage, x: number, y: number, channel: number) {
  const left = Math.floor(x), top = Math.floor(y);
  let sum = 0;
  for (const row of [top, top + 1]) {
    for (const column of [left, left + 1]) {
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
      sum += weight * data[(row * width + column) * 3 + channel]!;
    }
  }
  return sum;
}

const SIZE = 5;

Deno.test("a warped pixel is the mean of the bilinear values at its places", () => {
  fc.assert(fc.property(
    picture,
    fc.array(map, { minLength: 1, maxLength: 4 }),
    (image, maps) => {
      const region = { left: 0, top: 0, right: image.width, bottom: image.height };
      const out = warpPixels(image, region, maps, SIZE);
      assertEquals(out.length, SIZE * SIZE * 3);
      out.forEach((value, i) => {
        const pixel = Math.floor(i / 3), u = pixel % SIZE, v = Math.floor(pixel / SIZE);
        const values = maps.map(({ xx, xy, x0, yx, yy, y0 }) =>
          bilinear(image, xx * u + xy * v + x0, yx * u + yy * v + y0, i % 3)
        );
        const mean = values.reduce((sum, value) => sum + value, 0) / maps.length;
        assertAlmostEquals(value, mean, 1e-2);
      });
    },
  ));
});

Deno.test("an empty region is black", () => {
  const image = { width: 2, height: 2, data: new Uint8Array(12).fill(255) };
  const one = { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 };
  for (
    const region of [{ left: 2, top: 0, right: 2, bottom: 2 }, {
      left: 0,
      top: 2,
      right: 2,
      bottom: 2,
    }]
  ) {
    assert(warpPixels(image, region, [one], SIZE).every((value) => value === 0));
  }
});

Deno.test("places far outside of the picture are black", () => {
  const image = { width: 2, height: 2, data: new Uint8Array(12).fill(255) };
  const region = { left: 0, top: 0, right: 2, bottom: 2 };
  for (const far of [-1e300, -1e10, -2, 2, 2 ** 31 - 1, 2 ** 32, 1e300]) {
    const map = { xx: 0, xy: 0, x0: far, yx: 0, yy: 0, y0: 0 };
    assert(warpPixels(image, region, [map], SIZE).every((value) => value === 0), `${far}`);
  }
});
