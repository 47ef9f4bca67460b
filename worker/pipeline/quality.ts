/** Decides whether a face was seen well enough to be recognised (docs/adr/0016-quality-gate.md). */

import type { QualityBounds } from "../../models/calibration.ts";
import { ALIGNED_POINTS } from "./align.ts";
import type { Point } from "./image.ts";
import type { FivePoints } from "./landmarks.ts";
import { fitSimilarityTransform } from "./similarity_transform.ts";

export type { QualityBounds };

/** The place of a face's five points. */
export interface FaceShape {
  /**
   * Angle by which the face is tilted in the picture, −180 to 180 degrees. It is 0 for an upright
   * face, and above 0 for a face that is tilted clockwise.
   */
  readonly rollDegrees: number;
  /**
   * Distance from the shape of a mean face, after turning, scaling and shifting. The unit is the
   * size of the mean face: 0 is its shape, and 1 has nothing in common with it. Eyes below the mouth
   * or eyes that are too close together raise the distance.
   */
  readonly shapeDistance: number;
}

/** Measures that tell how well a face was seen. */
export interface FaceQuality extends FaceShape {
  /**
   * Mean distance between the points of the landmark network's two looks, in distances between the
   * eyes. The network sees every face as upright; when it is wrong, its looks differ.
   */
  readonly lookDistance: number;
  /**
   * Length of the embedding before it is scaled to 1. A recognition network gives short embeddings
   * to faces that are blurred, dark or not upright.
   */
  readonly embeddingLength: number;
}

/** Fault of a face that is not seen well enough. Both are error codes of the contract. */
export type QualityFault = "face_not_upright" | "face_unclear";

/**
 * Measures the place of a face's points.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * // The eyes are one above the other: the face lies on its side.
 * const { rollDegrees } = measureShape([[60, 30], [60, 70], [40, 50], [20, 33], [20, 67]]);
 * assertEquals(Math.round(rollDegrees), 90);
 * ```
 *
 * @param points The five points, in pixels of the upright picture
 * @throws {RangeError} when all points coincide, or a point is not finite
 */
export function measureShape(points: FivePoints): FaceShape {
  const { a, b, dx, dy } = fitSimilarityTransform(points, ALIGNED_POINTS);
  let error = 0, size = 0;
  points.forEach(([x, y], i) => {
    const [u, v] = ALIGNED_POINTS[i]!;
    error += (a * x - b * y + dx - u) ** 2 + (b * x + a * y + dy - v) ** 2;
    size += (u - MIDDLE[0]) ** 2 + (v - MIDDLE[1]) ** 2;
  });
  // The transform turns the face upright, so its angle is the opposite of the face's.
  return { rollDegrees: -Math.atan2(b, a) * 180 / Math.PI, shapeDistance: Math.sqrt(error / size) };
}

const MIDDLE: Point = [
  ALIGNED_POINTS.reduce((sum, [x]) => sum + x, 0) / ALIGNED_POINTS.length,
  ALIGNED_POINTS.reduce((sum, [, y]) => sum + y, 0) / ALIGNED_POINTS.length,
];

/**
 * Compares a face's measures with the bounds. A measure that is not a number is a fault.
 *
 * @returns The fault, or undefined when the face is seen well enough
 */
export function findQualityFault(
  quality: FaceQuality,
  { max_roll_degrees, max_shape_distance, min_embedding_length }: QualityBounds,
): QualityFault | undefined {
  if (!(Math.abs(quality.rollDegrees) <= max_roll_degrees)) return "face_not_upright";
  if (!(quality.shapeDistance <= max_shape_distance)) return "face_unclear";
  if (!(quality.lookDistance <= MAX_LOOK_DISTANCE)) return "face_unclear";
  if (!(quality.embeddingLength >= min_embedding_length)) return "face_unclear";
  return undefined;
}

/**
 * Largest distance between the two looks of the landmark network. It does not depend on the
 * recognition model. A face that stands on its head is the most frequent cause of a larger one.
 */
export const MAX_LOOK_DISTANCE = 0.2;

/**
 * Smallest factor by which quarter turns make the embedding of a face longer when the face is not
 * upright. The landmark network sees every face as upright, so its points do not show this.
 */
export const TURNED_FACTOR = 1.1;
