import { assertAlmostEquals } from "@std/assert";
import { ALIGNED_POINTS, ALIGNED_SIZE, alignFace } from "./align.ts";
import type { Point, RgbImage } from "./image.ts";
import type { FivePoints } from "./landmarks.ts";
import type { SimilarityTransform } from "./similarity_transform.ts";

const apply = ({ a, b, dx, dy }: SimilarityTransform, [x, y]: Point): Point => [
  a * x - b * y + dx,
  b * x + a * y + dy,
];

const applyToFive = (s: SimilarityTransform, [p, q, r, t, u]: FivePoints): FivePoints => [
  apply(s, p),
  apply(s, q),
  apply(s, r),
  apply(s, t),
  apply(s, u),
];

/** Makes a picture where red is x and green is y. They show where a pixel of a face came from. */
function coordinateImage(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([x, y, 128], (y * width + x) * 3);
  }
  return { width, height, data };
}

const pixel = (face: Float32Array, x: number, y: number): number[] => [
  ...face.subarray((y * ALIGNED_SIZE + x) * 3, (y * ALIGNED_SIZE + x) * 3 + 3),
];

Deno.test("an upright face of the right size stays the same", async () => {
  const image = coordinateImage(112, 112);
  const face = await alignFace(image, ALIGNED_POINTS);
  for (let i = 0; i < face.length; i++) assertAlmostEquals(face[i]!, image.data[i]!, 1e-2);
});

Deno.test("a rotated face of any size becomes upright", async () => {
  for (
    const [angle, scale] of [[0.5, 1.3], [-2, 0.8], [Math.PI, 1], [0.1, 0.4], [0, 2.1]] as const
  ) {
    const turned = {
      a: scale * Math.cos(angle),
      b: scale * Math.sin(angle),
      dx: 0,
      dy: 0,
    };
    const [cx, cy] = apply(turned, [56, 56]);
    const toPicture = { ...turned, dx: 120 - cx, dy: 125 - cy };
    const face = await alignFace(coordinateImage(250, 250), applyToFive(toPicture, ALIGNED_POINTS));
    for (const [x, y] of [[56, 56], [20, 30], [90, 70], [0, 111]] as const) {
      const [red, green] = pixel(face, x, y);
      const [fromX, fromY] = apply(toPicture, [x, y]);
      // A face that is shrunk first has values rounded to whole numbers.
      const tolerance = scale > 2 ? 1 : 0.05;
      assertAlmostEquals(red!, fromX, tolerance);
      assertAlmostEquals(green!, fromY, tolerance);
    }
  }
});

Deno.test("each pixel of a shrunk face is a mean of several pixels of the picture", async () => {
  const size = 112 * 6;
  const data = new Uint8Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    data.fill((i + Math.floor(i / size)) % 2 * 255, i * 3, i * 3 + 3);
  }
  const large = applyToFive({ a: 6, b: 0, dx: 0, dy: 0 }, ALIGNED_POINTS);
  const face = await alignFace({ width: size, height: size, data }, large);
  for (const [x, y] of [[10, 10], [56, 57], [100, 31]] as const) {
    assertAlmostEquals(pixel(face, x, y)[0]!, 127.5, 10);
  }
});

Deno.test("the part of the crop outside the picture is black", async () => {
  const white: RgbImage = { width: 56, height: 112, data: new Uint8Array(56 * 112 * 3).fill(255) };
  const face = await alignFace(white, ALIGNED_POINTS);
  assertAlmostEquals(pixel(face, 20, 56)[0]!, 255, 1e-3);
  assertAlmostEquals(pixel(face, 90, 56)[0]!, 0, 1e-3);
});
