/**
 * Calls the inner loops over pixels, which are WebAssembly: docs/adr/0009-native-shrinking.md.
 * Copies what they read into their memory, and what they write out of it. A call is synchronous, so
 * calls never share the memory.
 */

import { addWarped, memory, sumColumns, sumRows } from "./pixels.wasm";
import type { Box, RgbImage } from "./image.ts";

/** The source pixels of each result pixel along one side, and their weights. */
export interface Taps {
  /** Number of places that each result pixel has in `weights`. It need not use all of them. */
  readonly most: number;
  /** First source pixel of each result pixel. */
  readonly first: Int32Array;
  /** Number of source pixels of each result pixel, at least 1. */
  readonly counts: Int32Array;
  /** Factors of the source pixels. */
  readonly weights: Float32Array;
}

/** Maps a pixel (x, y) to a place in a picture: (xx·x + xy·y + x0, yx·x + yy·y + y0). */
export interface Affine {
  /** Share of the pixel's x in the place's x. */
  readonly xx: number;
  /** Share of the pixel's y in the place's x. */
  readonly xy: number;
  /** Place of the pixel (0, 0): its x. */
  readonly x0: number;
  /** Share of the pixel's x in the place's y. */
  readonly yx: number;
  /** Share of the pixel's y in the place's y. */
  readonly yy: number;
  /** Place of the pixel (0, 0): its y. */
  readonly y0: number;
}

/** The loops read and write up to this many bytes beyond their arrays. */
const SPARE_BYTES = 64;
const PAGE_BYTES = 65_536;

/** Places arrays one after another in the memory of the loops. */
class Layout {
  #end = 0;

  /** Returns the address of a place for an array. */
  place(bytes: number): number {
    const at = this.#end;
    this.#end += Math.ceil((bytes + SPARE_BYTES) / 16) * 16;
    const missing = this.#end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    return at;
  }

  /** Copies the pixels of a region. */
  placeRegion({ width, data }: RgbImage, { left, top, right, bottom }: Box): number {
    const length = 3 * (right - left), at = this.place(length * (bottom - top));
    const target = new Uint8Array(memory.buffer, at);
    for (let y = top; y < bottom; y++) {
      const start = 3 * (y * width + left);
      target.set(data.subarray(start, start + length), (y - top) * length);
    }
    return at;
  }

  placeArray(array: Int32Array | Float32Array): number {
    const at = this.place(array.byteLength);
    new Uint8Array(memory.buffer, at)
      .set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return at;
  }
}

/**
 * Resizes a region of a picture: each result pixel is a weighted sum of source pixels, plus
 * `offset`.
 *
 * @param region Whole pixels inside the picture, at least 1 x 1
 * @param columns Taps along x, counted from the region's left edge
 * @param rows Taps along y, counted from the region's top edge
 * @param result Array for the result. Its length decides: planar RGB for `3 * height * width`, the
 * luma of ITU-R BT.601 for `height * width`
 * @returns `result`
 */
export function weightPixels(
  image: RgbImage,
  region: Box,
  columns: Taps,
  rows: Taps,
  offset: number,
  result: Float32Array,
): Float32Array {
  const width = columns.first.length, height = rows.first.length;
  const rowBytes = 3 * (region.right - region.left);
  const layout = new Layout();
  const pixels = layout.placeRegion(image, region);
  const first = layout.placeArray(columns.first), counts = layout.placeArray(columns.counts);
  const columnWeights = layout.placeArray(columns.weights);
  const rowWeights = layout.placeArray(rows.weights);
  const row = layout.place(4 * rowBytes);
  const out = layout.place(result.byteLength);
  const plane = result.length === width * height ? 0 : 4 * width * height;
  for (let y = 0; y < height; y++) {
    const source = pixels + rows.first[y]! * rowBytes, weights = rowWeights + 4 * y * rows.most;
    sumRows(source, rowBytes, weights, rows.counts[y]!, rowBytes, row);
    const target = out + 4 * y * width;
    sumColumns(row, first, counts, columnWeights, columns.most, width, offset, target, plane);
  }
  result.set(new Float32Array(memory.buffer, out, result.length));
  return result;
}

/**
 * Warps a region of a picture to a square. Each result pixel is the mean of bilinear values at the
 * places of all maps. Places outside of the region are black.
 *
 * @param region Whole pixels inside the picture; can be empty
 * @param maps Maps to pixels of the whole picture
 * @param size Width and height of the square, in pixels
 * @returns Interleaved RGB, 0 to 255, length `size * size * 3`
 */
export function warpPixels(
  image: RgbImage,
  region: Box,
  maps: readonly Affine[],
  size: number,
): Float32Array {
  const layout = new Layout();
  const pixels = layout.placeRegion(image, region);
  const length = size * size * 3, out = layout.place(4 * length);
  const result = new Float32Array(memory.buffer, out, length).fill(0);
  const width = region.right - region.left, height = region.bottom - region.top;
  if (width <= 0 || height <= 0) return new Float32Array(length);
  for (const { xx, xy, x0, yx, yy, y0 } of maps) {
    const left = x0 - region.left, top = y0 - region.top;
    addWarped(pixels, width, height, xx, xy, left, yx, yy, top, 1 / maps.length, size, out);
  }
  return result.slice();
}
