/** Pictures as the pipeline passes them on. */

/** An upright picture. */
export interface RgbImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Interleaved 8-bit sRGB, length `width * height * 3`. */
  readonly data: Uint8Array;
}

/** A rectangle in pixels of the upright picture. */
export interface Box {
  /** Where its columns begin. */
  readonly left: number;
  /** Where its rows begin. */
  readonly top: number;
  /** Where its columns end, exclusive. */
  readonly right: number;
  /** Where its rows end, exclusive. */
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
