/** Turns a face upright and scales it. Recognition networks are trained on such aligned faces. */

import { type Box, clipBox, type RgbImage } from "./image.ts";
import type { FivePoints } from "./landmarks.ts";
import { type Affine, warpPixels } from "./pixels.ts";
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
  const { xx, xy, x0, yx, yy, y0 } = map;
  const offsets = Array.from({ length: samples }, (_, i) => (i + 0.5) / samples - 0.5);
  const maps = offsets.flatMap((y) =>
    offsets.map((x) => ({ ...map, x0: x0 + xx * x + xy * y, y0: y0 + yx * x + yy * y }))
  );
  return warpPixels(image, cropRegion(map, image), maps, ALIGNED_SIZE);
}
