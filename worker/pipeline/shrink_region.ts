/** Shrinks a region of a decoded picture in native code. */

import type { Box, RgbImage } from "./image.ts";
import sharp from "../safe_sharp.ts";

/**
 * Shrinks a region with the triangle filter of libvips. This filter needs less time for each pixel
 * than {@linkcode filterTriangle}, but a call takes half a millisecond, and the result is rounded
 * to whole numbers.
 *
 * @param image Decoded picture
 * @param region Whole pixels inside the picture, at least `width` x `height`
 * @param width Width of the result, in pixels
 * @param height Height of the result, in pixels
 */
export async function shrinkRegion(
  image: RgbImage,
  region: Box,
  width: number,
  height: number,
): Promise<RgbImage> {
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  const data = await sharp(image.data, { raw, limitInputPixels: false })
    .extract({
      left: region.left,
      top: region.top,
      width: region.right - region.left,
      height: region.bottom - region.top,
    })
    .resize(width, height, { fit: "fill", kernel: "linear" })
    .raw()
    .toBuffer();
  return { width, height, data };
}
