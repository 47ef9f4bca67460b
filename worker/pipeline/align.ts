/** Brings a face into the pose that recognition networks are trained on. */

import { type Box, clipBox, type Point, type RgbImage } from "./image.ts";
import type { FivePoints } from "./landmarks.ts";
import { reduce } from "./reduce.ts";

/** Width and height of an aligned face, in pixels. */
export const ALIGNED_SIZE = 112;

/** Where the five points lie in an aligned face (ArcFace, Deng et al., CVPR 2019). */
export const ALIGNED_POINTS: FivePoints = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/** A rotation, uniform scale and shift: x' = a·x − b·y + dx, y' = b·x + a·y + dy. */
export interface Similarity {
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
 * The similarity that takes `from` to `to` with the least sum of squared distances (Umeyama, "Least-
 * squares estimation of transformation parameters between two point patterns", PAMI 1991). Without
 * reflections the solution in the plane is closed: a complex linear regression.
 *
 * @throws {RangeError} when the points of `from` all coincide, or are not finite
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Similarity {
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
    throw new RangeError("No similarity fits points that coincide");
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

/** The similarity that undoes `s`. */
export function invertSimilarity(s: Similarity): Similarity {
  const norm = s.a * s.a + s.b * s.b;
  const a = s.a / norm, b = -s.b / norm;
  return { a, b, dx: -(a * s.dx - b * s.dy), dy: -(b * s.dx + a * s.dy) };
}

/**
 * Warps the face with the given points to an upright 112 x 112 crop, bilinear; what lies outside
 * the picture is black. A face larger than the crop is sampled several times a pixel, or shrunk
 * before, so that it does not alias.
 *
 * @returns Interleaved RGB, 0 to 255, length 112 * 112 * 3
 * @throws {RangeError} when the points coincide
 */
export async function alignFace(image: RgbImage, points: FivePoints): Promise<Float32Array> {
  const { a, b, dx, dy } = invertSimilarity(fitSimilarity(points, ALIGNED_POINTS));
  const toPicture = { xx: a, xy: -b, x0: dx, yx: b, yy: a, y0: dy };
  const pixelsPerPixel = Math.hypot(a, b);
  if (pixelsPerPixel <= MAX_SAMPLES) {
    return warp(image, toPicture, Math.max(Math.round(pixelsPerPixel), 1));
  }
  const region = cropRegion(toPicture, image);
  const width = region.right - region.left, height = region.bottom - region.top;
  if (width < pixelsPerPixel || height < pixelsPerPixel) return warp(image, toPicture, 1);
  const small = await reduce(
    image,
    region,
    Math.round(width / pixelsPerPixel),
    Math.round(height / pixelsPerPixel),
  );
  const scaleX = small.width / width, scaleY = small.height / height;
  return warp(small, {
    xx: toPicture.xx * scaleX,
    xy: toPicture.xy * scaleX,
    x0: (toPicture.x0 + 0.5 - region.left) * scaleX - 0.5,
    yx: toPicture.yx * scaleY,
    yy: toPicture.yy * scaleY,
    y0: (toPicture.y0 + 0.5 - region.top) * scaleY - 0.5,
  }, 1);
}

/** Samples a pixel and side: with more, shrinking the face before is quicker. */
const MAX_SAMPLES = 2;

/** Where a pixel (x, y) of the crop lies in a picture: (xx·x + xy·y + x0, yx·x + yy·y + y0). */
interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/** The whole pixels of the picture that the crop shows a part of. */
function cropRegion({ xx, xy, x0, yx, yy, y0 }: Affine, image: RgbImage): Box {
  const last = ALIGNED_SIZE - 1;
  const xs = [x0, x0 + xx * last, x0 + xy * last, x0 + (xx + xy) * last];
  const ys = [y0, y0 + yx * last, y0 + yy * last, y0 + (yx + yy) * last];
  const margin = Math.hypot(xx, yx);
  const box = {
    left: Math.floor(Math.min(...xs) - margin),
    top: Math.floor(Math.min(...ys) - margin),
    right: Math.ceil(Math.max(...xs) + margin) + 1,
    bottom: Math.ceil(Math.max(...ys) + margin) + 1,
  };
  return clipBox(box, image.width, image.height);
}

/** Takes the mean of `samples` x `samples` bilinear values for each pixel of the crop. */
function warp(image: RgbImage, map: Affine, samples: number): Float32Array {
  const out = new Float32Array(ALIGNED_SIZE * ALIGNED_SIZE * 3);
  const weight = 1 / (samples * samples);
  const { xx, xy, x0, yx, yy, y0 } = map;
  for (let sy = 0; sy < samples; sy++) {
    const offsetY = (sy + 0.5) / samples - 0.5;
    for (let sx = 0; sx < samples; sx++) {
      const offsetX = (sx + 0.5) / samples - 0.5;
      for (let y = 0, o = 0; y < ALIGNED_SIZE; y++) {
        const v = y + offsetY;
        for (let x = 0; x < ALIGNED_SIZE; x++, o += 3) {
          const u = x + offsetX;
          addSample(image, xx * u + xy * v + x0, yx * u + yy * v + y0, weight, out, o);
        }
      }
    }
  }
  return out;
}

/** Adds `weight` times the bilinear value at (x, y) to the three elements of `out` at `o`. */
function addSample(
  image: RgbImage,
  x: number,
  y: number,
  weight: number,
  out: Float32Array,
  o: number,
): void {
  const { width, height, data } = image;
  const left = Math.floor(x), top = Math.floor(y);
  const fx = x - left, fy = y - top;
  for (let j = 0; j < 2; j++) {
    const row = top + j;
    if (row < 0 || row >= height) continue;
    const wy = weight * (j === 0 ? 1 - fy : fy);
    for (let i = 0; i < 2; i++) {
      const column = left + i;
      if (column < 0 || column >= width) continue;
      const w = wy * (i === 0 ? 1 - fx : fx);
      const p = (row * width + column) * 3;
      out[o] = out[o]! + w * data[p]!;
      out[o + 1] = out[o + 1]! + w * data[p + 1]!;
      out[o + 2] = out[o + 2]! + w * data[p + 2]!;
    }
  }
}
