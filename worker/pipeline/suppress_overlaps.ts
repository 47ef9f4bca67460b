/** Non-maximum suppression of detected faces. */

import type { Face } from "./face_network.ts";
import type { Box } from "./image.ts";

/**
 * Greedy non-maximum suppression. Keeps the face with the best score and drops the faces that
 * overlap it by more than `maxOverlap`. Then does the same with the remaining faces.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const face = { box: { left: 0, top: 0, right: 100, bottom: 100 }, score: 0.9 };
 * const sameFace = { box: { left: 10, top: 0, right: 110, bottom: 100 }, score: 0.8 };
 * const otherFace = { box: { left: 200, top: 0, right: 300, bottom: 100 }, score: 0.7 };
 * assertEquals(suppressOverlaps([otherFace, sameFace, face], 0.4), [face, otherFace]);
 * ```
 *
 * @param faces Detected faces, in any order
 * @param maxOverlap Greatest intersection over union of two faces that are both kept, 0 to 1
 * @returns The kept faces, best score first
 */
export function suppressOverlaps(faces: readonly Face[], maxOverlap: number): Face[] {
  const kept: Face[] = [];
  for (const face of faces.toSorted((a, b) => b.score - a.score)) {
    if (kept.every((other) => overlap(face.box, other.box) <= maxOverlap)) kept.push(face);
  }
  return kept;
}

/** Returns the intersection over union of two boxes, 0 to 1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (area(a) + area(b) - both);
}

const area = (box: Box): number => (box.right - box.left) * (box.bottom - box.top);
