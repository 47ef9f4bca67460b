/** Decoded pictures, and boxes and points in them. */

/** An upright, decoded picture. */
export interface RgbImage {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Interleaved 8-bit sRGB, length `width * height * 3`. */
  readonly data: Uint8Array;
}

/** A rectangle in pixels of the upright picture. */
export interface Box {
  /** First column. */
  readonly left: number;
  /** First row. */
  readonly top: number;
  /** First column after the rectangle. */
  readonly right: number;
  /** First row after the rectangle. */
  readonly bottom: number;
}

/** A point in pixels of the upright picture; (0, 0) is the middle of the top left pixel. */
export type Point = readonly [x: number, y: number];

/** Returns the part of a box that lies inside a picture of the given size, in pixels. */
export function clipBox(box: Box, width: number, height: number): Box {
  return {
    left: Math.min(Math.max(box.left, 0), width),
    top: Math.min(Math.max(box.top, 0), height),
    right: Math.min(Math.max(box.right, 0), width),
    bottom: Math.min(Math.max(box.bottom, 0), height),
  };
}
