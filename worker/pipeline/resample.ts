/** Resizes a region of a picture for a network's input. */

import type { Box, RgbImage } from "./image.ts";

/**
 * Resizes a region of `image` to `width` x `height` with a triangle filter: plain bilinear
 * interpolation when enlarging, widened to cover every source pixel when shrinking, so that
 * large pictures do not alias. Pixels outside the region are not read.
 *
 * @param image The picture
 * @param region Whole pixels inside the picture, at least 1 x 1
 * @param width Of the result, in pixels
 * @param height Of the result, in pixels
 * @returns Interleaved RGB, 0 to 255, length `width * height * 3`
 */
export function resample(
  image: RgbImage,
  region: Box,
  width: number,
  height: number,
): Float32Array {
  const columns = triangleTaps(region.left, region.right, width);
  const rows = triangleTaps(region.top, region.bottom, height);
  const stride = image.width * 3;
  const outStride = width * 3;
  const out = new Float32Array(height * outStride);
  // A source row is filtered horizontally once and added, weighted, to each result row it is part
  // of; with monotone taps only `rows.count` horizontal results are alive at a time.
  const cache = new Map<number, Float32Array>();
  for (let y = 0; y < height; y++) {
    const first = rows.first[y]!;
    for (const stale of cache.keys()) if (stale < first) cache.delete(stale);
    const target = out.subarray(y * outStride, (y + 1) * outStride);
    for (let k = 0; k < rows.count; k++) {
      const weight = rows.weights[y * rows.count + k]!;
      if (weight === 0) continue;
      const sourceY = first + k;
      let row = cache.get(sourceY);
      if (row === undefined) {
        row = filterRow(image.data, sourceY * stride, columns, width);
        cache.set(sourceY, row);
      }
      for (let i = 0; i < outStride; i++) target[i] = target[i]! + weight * row[i]!;
    }
  }
  return out;
}

/** For each output pixel the first source pixel and `count` weights, which sum to 1. */
interface Taps {
  readonly count: number;
  readonly first: Int32Array;
  readonly weights: Float32Array;
}

function triangleTaps(start: number, end: number, size: number): Taps {
  const scale = (end - start) / size;
  const radius = Math.max(1, scale);
  const count = Math.ceil(radius) * 2 + 1;
  const first = new Int32Array(size);
  const weights = new Float32Array(size * count);
  for (let i = 0; i < size; i++) {
    const centre = start + (i + 0.5) * scale - 0.5;
    const begin = Math.max(start, Math.ceil(centre - radius));
    first[i] = begin;
    let sum = 0;
    for (let k = 0; k < count && begin + k < end; k++) {
      const weight = Math.max(0, 1 - Math.abs(begin + k - centre) / radius);
      weights[i * count + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) weights[i * count + k] = weights[i * count + k]! / sum;
  }
  return { count, first, weights };
}

function filterRow(
  data: Uint8Array,
  rowStart: number,
  { count, first, weights }: Taps,
  width: number,
): Float32Array {
  const out = new Float32Array(width * 3);
  for (let x = 0; x < width; x++) {
    let red = 0, green = 0, blue = 0;
    let p = rowStart + first[x]! * 3;
    for (let k = x * count; k < (x + 1) * count; k++, p += 3) {
      const weight = weights[k]!;
      if (weight === 0) continue;
      red += weight * data[p]!;
      green += weight * data[p + 1]!;
      blue += weight * data[p + 2]!;
    }
    out[x * 3] = red;
    out[x * 3 + 1] = green;
    out[x * 3 + 2] = blue;
  }
  return out;
}
