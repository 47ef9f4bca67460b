import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  ALIGNED_POINTS,
  ALIGNED_SIZE,
  alignFace,
  fitSimilarity,
  invertSimilarity,
  type Similarity,
} from "./align.ts";
import type { Point, RgbImage } from "./image.ts";
import type { FivePoints } from "./landmarks.ts";

const apply = ({ a, b, dx, dy }: Similarity, [x, y]: Point): Point => [
  a * x - b * y + dx,
  b * x + a * y + dy,
];

const applyToFive = (s: Similarity, [p, q, r, t, u]: FivePoints): FivePoints => [
  apply(s, p),
  apply(s, q),
  apply(s, r),
  apply(s, t),
  apply(s, u),
];

const finite = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const coordinates = finite(-1000, 1000);
const similarities = fc.record({
  angle: finite(-Math.PI, Math.PI),
  scale: finite(0.05, 20),
  dx: coordinates,
  dy: coordinates,
}).map(({ angle, scale, dx, dy }): Similarity => ({
  a: scale * Math.cos(angle),
  b: scale * Math.sin(angle),
  dx,
  dy,
}));
const points = fc.tuple(coordinates, coordinates);
const fivePoints = fc.tuple(points, points, points, points, points);

function assertSame(actual: Similarity, expected: Similarity): void {
  for (const key of ["a", "b", "dx", "dy"] as const) {
    const tolerance = 1e-6 * Math.max(1, Math.abs(expected[key]));
    assertAlmostEquals(actual[key], expected[key], tolerance);
  }
}

Deno.test("a rotation, scale and shift of the points is recovered", () => {
  fc.assert(fc.property(similarities, (similarity) => {
    const moved = applyToFive(similarity, ALIGNED_POINTS);
    assertSame(fitSimilarity(ALIGNED_POINTS, moved), similarity);
  }));
});

Deno.test("no other similarity is nearer to the target points", () => {
  const squares = (s: Similarity, from: FivePoints, to: FivePoints) =>
    from.reduce((sum, point, i) => {
      const [x, y] = apply(s, point);
      return sum + (x - to[i]![0]) ** 2 + (y - to[i]![1]) ** 2;
    }, 0);
  const nudge = finite(-0.1, 0.1);
  fc.assert(
    fc.property(fivePoints, nudge, nudge, nudge, nudge, (to, a, b, dx, dy) => {
      const best = fitSimilarity(ALIGNED_POINTS, to);
      const other = { a: best.a + a, b: best.b + b, dx: best.dx + dx, dy: best.dy + dy };
      const least = squares(best, ALIGNED_POINTS, to);
      assert(squares(other, ALIGNED_POINTS, to) >= least - 1e-6 * (1 + least));
    }),
  );
});

Deno.test("the inverse of a similarity undoes it", () => {
  fc.assert(fc.property(similarities, points, (similarity, point) => {
    const [x, y] = apply(invertSimilarity(similarity), apply(similarity, point));
    assertAlmostEquals(x, point[0], 1e-6);
    assertAlmostEquals(y, point[1], 1e-6);
  }));
});

Deno.test("points that coincide or are not finite fit no similarity", () => {
  const same: Point = [5, 5];
  const others: FivePoints[] = [
    [same, same, same, same, same],
    [[NaN, 1], [2, 2], [3, 1], [4, 4], [5, 0]],
    [[Infinity, 1], [2, 2], [3, 1], [4, 4], [5, 0]],
  ];
  for (const from of others) {
    assertThrows(() => fitSimilarity(from, ALIGNED_POINTS), RangeError, "coincide");
  }
});

/** Red is x, green is y: an aligned face shows where each of its pixels came from. */
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

Deno.test("an upright face of the right size is copied", async () => {
  const image = coordinateImage(112, 112);
  const face = await alignFace(image, ALIGNED_POINTS);
  for (let i = 0; i < face.length; i++) assertAlmostEquals(face[i]!, image.data[i]!, 1e-2);
});

Deno.test("a rotated face of any size comes to lie upright", async () => {
  for (
    const [angle, scale] of [[0.5, 1.3], [-2, 0.8], [Math.PI, 1], [0.1, 0.4], [0, 2.1]] as const
  ) {
    const similarity = {
      a: scale * Math.cos(angle),
      b: scale * Math.sin(angle),
      dx: 0,
      dy: 0,
    };
    const [cx, cy] = apply(similarity, [56, 56]);
    const toPicture = { ...similarity, dx: 120 - cx, dy: 125 - cy };
    const face = await alignFace(coordinateImage(250, 250), applyToFive(toPicture, ALIGNED_POINTS));
    for (const [x, y] of [[56, 56], [20, 30], [90, 70], [0, 111]] as const) {
      const [red, green] = pixel(face, x, y);
      const [fromX, fromY] = apply(toPicture, [x, y]);
      // What is shrunk before is rounded to whole levels.
      const tolerance = scale > 2 ? 1 : 0.05;
      assertAlmostEquals(red!, fromX, tolerance);
      assertAlmostEquals(green!, fromY, tolerance);
    }
  }
});

Deno.test("a face larger than the crop is averaged, not picked from", async () => {
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

Deno.test("what lies outside the picture is black", async () => {
  const white: RgbImage = { width: 56, height: 112, data: new Uint8Array(56 * 112 * 3).fill(255) };
  const face = await alignFace(white, ALIGNED_POINTS);
  assertAlmostEquals(pixel(face, 20, 56)[0]!, 255, 1e-3);
  assertAlmostEquals(pixel(face, 90, 56)[0]!, 0, 1e-3);
});
