/** Fits a similarity transform (rotation, scale and shift) to pairs of points. */

import type { Point } from "./image.ts";

/** A rotation, uniform scale and shift: x' = a·x − b·y + dx, y' = b·x + a·y + dy. */
export interface SimilarityTransform {
  /** Scale times the cosine of the angle. */
  readonly a: number;
  /** Scale times the sine of the angle. */
  readonly b: number;
  /** Shift to the right, in the target's pixels. */
  readonly dx: number;
  /** Shift downwards, in the target's pixels. */
  readonly dy: number;
}

/**
 * Fits the transform that moves the points `from` to the points `to` with the least sum of squared
 * distances (Umeyama, "Least-squares estimation of transformation parameters between two point
 * patterns", PAMI 1991). In the plane and without reflections, a formula gives the solution: a
 * linear regression with complex numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * // Twice as large, then 10 pixels to the right.
 * const transform = fitSimilarityTransform([[0, 0], [2, 0]], [[10, 0], [14, 0]]);
 * assertEquals(transform, { a: 2, b: 0, dx: 10, dy: 0 });
 * ```
 *
 * @param from Points that do not all coincide
 * @param to The targets; each is the target of the point in `from` at the same index
 * @throws {RangeError} when all points of `from` coincide, or a point is not finite
 */
export function fitSimilarityTransform(
  from: readonly Point[],
  to: readonly Point[],
): SimilarityTransform {
  const [fromX, fromY] = centroid(from);
  const [toX, toY] = centroid(to);
  let dot = 0, cross = 0, spread = 0;
  for (let i = 0; i < from.length; i++) {
    const x = from[i]![0] - fromX, y = from[i]![1] - fromY;
    const u = to[i]![0] - toX, v = to[i]![1] - toY;
    dot += x * u + y * v;
    cross += x * v - y * u;
    spread += x * x + y * y;
  }
  const a = dot / spread, b = cross / spread;
  if (!Number.isFinite(a) || !Number.isFinite(b)) {
    throw new RangeError("No similarity transform fits points that coincide or are not finite");
  }
  return { a, b, dx: toX - a * fromX + b * fromY, dy: toY - b * fromX - a * fromY };
}

function centroid(points: readonly Point[]): Point {
  let x = 0, y = 0;
  for (const point of points) {
    x += point[0];
    y += point[1];
  }
  return [x / points.length, y / points.length];
}

/** Returns the transform that undoes `s`. */
export function invertSimilarityTransform(s: SimilarityTransform): SimilarityTransform {
  const norm = s.a * s.a + s.b * s.b;
  const a = s.a / norm, b = -s.b / norm;
  return { a, b, dx: -(a * s.dx - b * s.dy), dy: -(b * s.dx + a * s.dy) };
}
