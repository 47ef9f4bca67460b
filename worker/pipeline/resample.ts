/** Resizes a region of a decoded picture for a network's input. */

import type { Box, RgbImage } from "./image.ts";
import { shrinkRegion } from "./shrink_region.ts";
import { filterTriangle, type Range } from "./triangle_filter.ts";

/** Native code shrinks regions with more pixels. For them, it saves more than its call costs. */
const NATIVE_PIXELS = 160_000;

/**
 * Resizes a region of `image` to `width` x `height` with a triangle filter, which does not alias.
 *
 * @param image Decoded picture
 * @param region Whole pixels inside the picture, at least 1 x 1
 * @param width Width of the result, in pixels
 * @param height Height of the result, in pixels
 * @param range Maps the values, 0 to 255, to those of the network
 * @returns Planar RGB, length `3 * height * width`
 */
export async function resample(
  image: RgbImage,
  region: Box,
  width: number,
  height: number,
  range: Range,
): Promise<Float32Array> {
  const regionWidth = region.right - region.left, regionHeight = region.bottom - region.top;
  const shrinks = regionWidth >= width && regionHeight >= height;
  if (shrinks && regionWidth * regionHeight > NATIVE_PIXELS) {
    return planar((await shrinkRegion(image, region, width, height)).data, range);
  }
  return filterTriangle(image, region, width, height, range);
}

function planar(data: Uint8Array, { mean, scale }: Range): Float32Array {
  const plane = data.length / 3;
  const out = new Float32Array(data.length);
  for (let i = 0, p = 0; i < plane; i++, p += 3) {
    out[i] = (data[p]! - mean) / scale;
    out[plane + i] = (data[p + 1]! - mean) / scale;
    out[2 * plane + i] = (data[p + 2]! - mean) / scale;
  }
  return out;
}
