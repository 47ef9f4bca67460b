/** Pictures as the pipeline passes them on. */

/** An upright picture: interleaved 8-bit sRGB, `data.length === width * height * 3`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A rectangle in pixels of the upright picture; right and bottom edges are exclusive. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A point in pixels of the upright picture; (0, 0) is the middle of the top left pixel. */
export type Point = readonly [x: number, y: number];

/** The box as far as it lies inside a picture of the given size. */
export function clipBox(box: Box, width: number, height: number): Box {
  return {
    left: Math.min(Math.max(box.left, 0), width),
    top: Math.min(Math.max(box.top, 0), height),
    right: Math.min(Math.max(box.right, 0), width),
    bottom: Math.min(Math.max(box.bottom, 0), height),
  };
}
