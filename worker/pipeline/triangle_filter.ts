/** Resizes a region of a decoded picture with a triangle filter. */

import type { Box, RgbImage } from "./image.ts";

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
 * @returns Planar RGB, length `3 * height * width`
 */
export function filterTriangle(
  image: RgbImage,
  region: Box,
  width: number,
  height: number,
  range: Range,
): Float32Array {
  const stride = image.width * 3;
  return filterPlanes(3, region, width, height, range, (sourceY, columns, out) => {
    filterRow(image.data, sourceY * stride, columns, out, width);
  });
}

/**
 * Resizes a gray picture as {@linkcode filterTriangle} does, in less than half the time.
 *
 * @param gray Elements of the picture's rows
 * @param size Size of the picture, in pixels
 * @param width Width of the result, in pixels
 * @param height Height of the result, in pixels
 * @param range Maps the values, 0 to 255, to those of the network
 * @returns One plane, length `height * width`
 */
export function filterGray(
  gray: Float32Array,
  size: { readonly width: number; readonly height: number },
  width: number,
  height: number,
  range: Range,
): Float32Array {
  const region = { left: 0, top: 0, right: size.width, bottom: size.height };
  return filterPlanes(1, region, width, height, range, (sourceY, columns, out) => {
    filterGrayRow(gray, sourceY * size.width, columns, out);
  });
}

/** Filters the planes of a region. `filter` writes a horizontally filtered source row to `out`. */
function filterPlanes(
  planes: number,
  region: Box,
  width: number,
  height: number,
  { mean, scale }: Range,
  filter: (sourceY: number, columns: Taps, out: Float64Array) => void,
): Float32Array {
  const columns = triangleTaps(region.left, region.right, width);
  const rows = triangleTaps(region.top, region.bottom, height);
  const out = new Float32Array(planes * height * width);
  // Each source row is filtered horizontally only once. The source rows of a result row never begin
  // above those of the previous result row. So a ring buffer with room for the source rows of one
  // result row is enough.
  const ring = Array.from({ length: rows.most }, () => new Float64Array(planes * width));
  const held = new Int32Array(rows.most).fill(-1);
  for (let y = 0; y < height; y++) {
    const first = rows.first[y]!, count = rows.counts[y]!;
    for (let sourceY = first; sourceY < first + count; sourceY++) {
      const slot = sourceY % rows.most;
      if (held[slot] === sourceY) continue;
      filter(sourceY, columns, ring[slot]!);
      held[slot] = sourceY;
    }
    const target = { out, start: y * width, width, plane: width * height };
    const rowAt = (k: number) => ring[(first + k) % rows.most]!;
    const weightAt = (k: number) => k < count ? rows.weights[y * rows.most + k]! / scale : 0;
    putRows(target, rowAt(0), weightAt(0), rowAt(1), weightAt(1), -mean / scale);
    for (let k = 2; k < count; k++) addRow(target, rowAt(k), weightAt(k));
  }
  return out;
}

/** The source pixels of each result pixel, and their weights, which sum to 1. */
interface Taps {
  /** Number of places that each result pixel has in `weights`. It need not use all of them. */
  readonly most: number;
  /** First source pixel of each result pixel. */
  readonly first: Int32Array;
  /** Number of source pixels of each result pixel. */
  readonly counts: Int32Array;
  readonly weights: Float64Array;
}

function triangleTaps(start: number, end: number, size: number): Taps {
  const scale = (end - start) / size;
  const radius = Math.max(1, scale);
  const most = Math.ceil(radius) * 2 + 1;
  const first = new Int32Array(size);
  const counts = new Int32Array(size);
  const weights = new Float64Array(size * most);
  for (let i = 0; i < size; i++) {
    const centre = start + (i + 0.5) * scale - 0.5;
    // The first whole number that is less than `radius` away from `centre`.
    const begin = Math.max(start, Math.floor(centre - radius) + 1);
    let count = 0, sum = 0;
    for (let at = begin; at < Math.min(end, centre + radius); at++, count++) {
      const weight = 1 - Math.abs(at - centre) / radius;
      weights[i * most + count] = weight;
      sum += weight;
    }
    first[i] = begin;
    counts[i] = count;
    for (let k = 0; k < count; k++) weights[i * most + k] = weights[i * most + k]! / sum;
  }
  return { most, first, counts, weights };
}

function filterRow(
  data: Uint8Array,
  rowStart: number,
  { most, first, counts, weights }: Taps,
  out: Float64Array,
  width: number,
): void {
  for (let x = 0, g = width, b = 2 * width; x < width; x++, g++, b++) {
    let p = rowStart + first[x]! * 3;
    let k = x * most;
    if (counts[x] === 2) {
      // When enlarging, a result pixel has two source pixels. Without the loop below, this takes
      // half the time.
      const u = weights[k]!, v = weights[k + 1]!;
      out[x] = u * data[p]! + v * data[p + 3]!;
      out[g] = u * data[p + 1]! + v * data[p + 4]!;
      out[b] = u * data[p + 2]! + v * data[p + 5]!;
      continue;
    }
    let red = 0, green = 0, blue = 0;
    for (const end = k + counts[x]!; k < end; k++, p += 3) {
      const weight = weights[k]!;
      red += weight * data[p]!;
      green += weight * data[p + 1]!;
      blue += weight * data[p + 2]!;
    }
    out[x] = red;
    out[g] = green;
    out[b] = blue;
  }
}

function filterGrayRow(
  gray: Float32Array,
  rowStart: number,
  { most, first, counts, weights }: Taps,
  out: Float64Array,
): void {
  for (let x = 0; x < out.length; x++) {
    let p = rowStart + first[x]!, k = x * most, sum = 0;
    for (const end = k + counts[x]!; k < end; k++, p++) sum += weights[k]! * gray[p]!;
    out[x] = sum;
  }
}

/** A row of the result in all planes: red, green and blue, or one. */
interface TargetRow {
  readonly out: Float32Array;
  readonly start: number;
  readonly width: number;
  readonly plane: number;
}

/**
 * Writes a result row from its first two filtered rows. Most result rows have no more, and to write
 * two rows in one step takes half the time.
 */
function putRows(
  { out, start, width, plane }: TargetRow,
  a: Float64Array,
  weightA: number,
  b: Float64Array,
  weightB: number,
  offset: number,
): void {
  for (let c = 0, i = 0; i < a.length; c++) {
    const from = start + c * plane;
    for (let o = from; o < from + width; o++, i++) {
      out[o] = offset + weightA * a[i]! + weightB * b[i]!;
    }
  }
}

function addRow(
  { out, start, width, plane }: TargetRow,
  row: Float64Array,
  weight: number,
): void {
  for (let c = 0, i = 0; i < row.length; c++) {
    const from = start + c * plane;
    for (let o = from; o < from + width; o++, i++) out[o] = out[o]! + weight * row[i]!;
  }
}
