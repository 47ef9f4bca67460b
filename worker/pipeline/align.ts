/** Turns a face upright and scales it. Recognition networks are trained on such aligned faces. */

import { type Box, clipBox, type RgbImage } from "./image.ts";
import type { FivePoints } from "./landmarks.ts";
import { fitSimilarityTransform, invertSimilarityTransform } from "./similarity_transform.ts";
import { shrinkRegion } from "./shrink_region.ts";

/** Width and height of an aligned face, in pixels. */
export const ALIGNED_SIZE = 112;

/** The five points of an aligned face, in its pixels (ArcFace, Deng et al., CVPR 2019). */
export const ALIGNED_POINTS: FivePoints = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/**
 * Warps a face to an upright crop of 112 x 112 pixels, with bilinear interpolation. The part of the
 * crop outside the picture is black. A face larger than the crop is sampled several times for each
 * pixel, or shrunk first, so that it does not alias.
 *
 * @param image Decoded picture
 * @param points The five points of the face, in pixels of `image`
 * @returns Interleaved RGB, 0 to 255, length 112 * 112 * 3
 * @throws {RangeError} when all points coincide, or a point is not finite
 */
export async function alignFace(image: RgbImage, points: FivePoints): Promise<Float32Array> {
  const { a, b, dx, dy } = invertSimilarityTransform(
    fitSimilarityTransform(points, ALIGNED_POINTS),
  );
  const toPicture = { xx: a, xy: -b, x0: dx, yx: b, yy: a, y0: dy };
  const pixelsPerPixel = Math.hypot(a, b);
  if (pixelsPerPixel <= MAX_SAMPLES) {
    return warp(image, toPicture, Math.max(Math.round(pixelsPerPixel), 1));
  }
  const region = cropRegion(toPicture, image);
  const width = region.right - region.left, height = region.bottom - region.top;
  if (width < pixelsPerPixel || height < pixelsPerPixel) return warp(image, toPicture, 1);
  const small = await shrinkRegion(
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

/** Most samples along each side of a pixel. It is faster to shrink larger faces first. */
const MAX_SAMPLES = 2;

/** Maps a pixel (x, y) of the crop to a picture: (xx·x + xy·y + x0, yx·x + yy·y + y0). */
interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/** Returns the whole pixels of the picture that contribute to the crop. */
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

/** Computes each pixel of the crop as the mean of `samples` x `samples` bilinear values. */
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
