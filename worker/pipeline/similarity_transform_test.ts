import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ALIGNED_POINTS } from "./align.ts";
import type { Point } from "./image.ts";
import type { FivePoints } from "./landmarks.ts";
import {
  fitSimilarityTransform,
  invertSimilarityTransform,
  type SimilarityTransform,
} from "./similarity_transform.ts";

const apply = ({ a, b, dx, dy }: SimilarityTransform, [x, y]: Point): Point => [
  a * x - b * y + dx,
  b * x + a * y + dy,
];

const finite = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const coordinates = finite(-1000, 1000);
const transforms = fc.record({
  angle: finite(-Math.PI, Math.PI),
  scale: finite(0.05, 20),
  dx: coordinates,
  dy: coordinates,
}).map(({ angle, scale, dx, dy }): SimilarityTransform => ({
  a: scale * Math.cos(angle),
  b: scale * Math.sin(angle),
  dx,
  dy,
}));
const points = fc.tuple(coordinates, coordinates);
const fivePoints = fc.tuple(points, points, points, points, points);

function assertSame(actual: SimilarityTransform, expected: SimilarityTransform): void {
  for (const key of ["a", "b", "dx", "dy"] as const) {
    const tolerance = 1e-6 * Math.max(1, Math.abs(expected[key]));
    assertAlmostEquals(actual[key], expected[key], tolerance);
  }
}

Deno.test("the fit finds the rotation, scale and shift by which the points were moved", () => {
  fc.assert(fc.property(transforms, (transform) => {
    const moved = ALIGNED_POINTS.map((point) => apply(transform, point));
    assertSame(fitSimilarityTransform(ALIGNED_POINTS, moved), transform);
  }));
});

Deno.test("no other similarity transform brings the points nearer to their targets", () => {
  const squares = (s: SimilarityTransform, from: FivePoints, to: FivePoints) =>
    from.reduce((sum, point, i) => {
      const [x, y] = apply(s, point);
      return sum + (x - to[i]![0]) ** 2 + (y - to[i]![1]) ** 2;
    }, 0);
  const nudge = finite(-0.1, 0.1);
  fc.assert(
    fc.property(fivePoints, nudge, nudge, nudge, nudge, (to, a, b, dx, dy) => {
      const best = fitSimilarityTransform(ALIGNED_POINTS, to);
      const other = { a: best.a + a, b: best.b + b, dx: best.dx + dx, dy: best.dy + dy };
      const least = squares(best, ALIGNED_POINTS, to);
      assert(squares(other, ALIGNED_POINTS, to) >= least - 1e-6 * (1 + least));
    }),
  );
});

Deno.test("the inverse of a similarity transform undoes it", () => {
  fc.assert(fc.property(transforms, points, (transform, point) => {
    const [x, y] = apply(invertSimilarityTransform(transform), apply(transform, point));
    assertAlmostEquals(x, point[0], 1e-6);
    assertAlmostEquals(y, point[1], 1e-6);
  }));
});

Deno.test("no similarity transform fits points that coincide or are not finite", () => {
  const same: Point = [5, 5];
  const others: FivePoints[] = [
    [same, same, same, same, same],
    [[NaN, 1], [2, 2], [3, 1], [4, 4], [5, 0]],
    [[Infinity, 1], [2, 2], [3, 1], [4, 4], [5, 0]],
  ];
  for (const from of others) {
    assertThrows(() => fitSimilarityTransform(from, ALIGNED_POINTS), RangeError, "coincide");
  }
});
