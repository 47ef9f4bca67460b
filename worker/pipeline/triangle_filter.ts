/** Resizes a region of a decoded picture with a triangle filter. */

import type { Box, RgbImage } from "./image.ts";
import { type Taps, weightPixels } from "./pixels.ts";

/** Maps the values of pixels to those of a network: `(value - mean) / scale`. */
export interface Range {
  /** Pixel value that becomes 0. */
  readonly mean: number;
  /** Distance from `mean` that becomes 1. */
  readonly scale: number;
}

/**
 * Resizes a region of `image` to `width` x `height`. Enlarging is plain bilinear interpolation.
 * When shrinking, the filter is widened until it covers every source pixel, so that large pictures
 * do not alias. Pixels outside the region are not read.
 *
 * @param image Decoded picture
 * @param region Whole pixels inside the picture, at least 1 x 1
 * @param width Width of the result, in pixels
 * @param height Height of the result, in pixels
 * @param range Maps the values, 0 to 255, to those of the network
 * @param out Array for the result. Its length decides: planar RGB for `3 * height * width`, the luma
 * of ITU-R BT.601 for `height * width`
 * @returns `out`
 */
export function filterTriangle(
  image: RgbImage,
  region: Box,
  width: number,
  height: number,
  { mean, scale }: Range,
  out: Float32Array = new Float32Array(3 * height * width),
): Float32Array {
  const columns = triangleTaps(region.right - region.left, width);
  const rows = triangleTaps(region.bottom - region.top, height, 1 / scale);
  return weightPixels(image, region, columns, rows, -mean / scale, out);
}

/** @param factor Every weight is multiplied by it */
function triangleTaps(length: number, size: number, factor = 1): Taps {
  const scale = length / size;
  const radius = Math.max(1, scale);
  const most = Math.ceil(radius) * 2 + 1;
  const first = new Int32Array(size);
  const counts = new Int32Array(size);
  const weights = new Float32Array(size * most);
  for (let i = 0; i < size; i++) {
    const centre = (i + 0.5) * scale - 0.5;
    // The first whole number that is less than `radius` away from `centre`.
    const begin = Math.max(0, Math.floor(centre - radius) + 1);
    let count = 0, sum = 0;
    for (let at = begin; at < Math.min(length, centre + radius); at++, count++) {
      const weight = 1 - Math.abs(at - centre) / radius;
      weights[i * most + count] = weight;
      sum += weight;
    }
    first[i] = begin;
    counts[i] = count;
    for (let k = 0; k < count; k++) weights[i * most + k]! *= factor / sum;
  }
  return { most, first, counts, weights };
}
