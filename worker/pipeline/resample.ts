/** Resizes a region of a decoded picture for a network's input. */

import type { Box, RgbImage } from "./image.ts";
import { shrinkRegion } from "./shrink_region.ts";
import { filterGray, filterTriangle, type Range } from "./triangle_filter.ts";

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
  if (isForNativeCode(region, width, height)) {
    return planar((await shrinkRegion(image, region, width, height)).data, range);
  }
  return filterTriangle(image, region, width, height, range);
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
    const gray = grayOf(small, { left: 0, top: 0, right: width, bottom: height });
    return gray.map((value) => (value - range.mean) / range.scale);
  }
  const size = { width: region.right - region.left, height: region.bottom - region.top };
  return filterGray(grayOf(image, region), size, width, height, range);
}

function isForNativeCode(region: Box, width: number, height: number): boolean {
  const regionWidth = region.right - region.left, regionHeight = region.bottom - region.top;
  const shrinks = regionWidth >= width && regionHeight >= height;
  return shrinks && regionWidth * regionHeight > NATIVE_PIXELS;
}

function grayOf({ width, data }: RgbImage, { left, top, right, bottom }: Box): Float32Array {
  const gray = new Float32Array((right - left) * (bottom - top));
  for (let y = top, i = 0; y < bottom; y++) {
    const end = (y * width + right) * 3;
    for (let p = (y * width + left) * 3; p < end; p += 3, i++) {
      gray[i] = 0.299 * data[p]! + 0.587 * data[p + 1]! + 0.114 * data[p + 2]!;
    }
  }
  return gray;
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
