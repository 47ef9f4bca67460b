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
 * @param out Array for the result, length `3 * height * width`; a new one by default
 * @returns Planar RGB, in `out`
 */
export async function resample(
  image: RgbImage,
  region: Box,
  width: number,
  height: number,
  range: Range,
  out: Float32Array = new Float32Array(3 * height * width),
): Promise<Float32Array> {
  if (isForNativeCode(region, width, height)) {
    return planar((await shrinkRegion(image, region, width, height)).data, range, out);
  }
  return filterTriangle(image, region, width, height, range, out);
}

/**
 * Resizes a region as {@linkcode resample} does, and makes it gray: the luma of ITU-R BT.601. For
 * the same result, {@linkcode resample} needs more than twice the time.
 *
 * @returns One plane, length `height * width`
 */
export async function resampleGray(
  image: RgbImage,
  region: Box,
  width: number,
  height: number,
  range: Range,
): Promise<Float32Array> {
  if (isForNativeCode(region, width, height)) {
    const small = await shrinkRegion(image, region, width, height);
    return gray(small.data, range);
  }
  return filterTriangle(image, region, width, height, range, new Float32Array(width * height));
}

function isForNativeCode(region: Box, width: number, height: number): boolean {
  const regionWidth = region.right - region.left, regionHeight = region.bottom - region.top;
  const shrinks = regionWidth >= width && regionHeight >= height;
  return shrinks && regionWidth * regionHeight > NATIVE_PIXELS;
}

function gray(data: Uint8Array, { mean, scale }: Range): Float32Array {
  const out = new Float32Array(data.length / 3);
  for (let i = 0, p = 0; i < out.length; i++, p += 3) {
    const luma = 0.299 * data[p]! + 0.587 * data[p + 1]! + 0.114 * data[p + 2]!;
    out[i] = (luma - mean) / scale;
  }
  return out;
}

function planar(data: Uint8Array, { mean, scale }: Range, out: Float32Array): Float32Array {
  const plane = data.length / 3;
  for (let i = 0, p = 0; i < plane; i++, p += 3) {
    out[i] = (data[p]! - mean) / scale;
    out[plane + i] = (data[p + 1]! - mean) / scale;
    out[2 * plane + i] = (data[p + 2]! - mean) / scale;
  }
  return out;
}
