/**
 * Refuses a picture because of its structure, before any pixel is decoded. The api does this before
 * it claims a worker, and the worker does it again before it decodes.
 */

import { type ImageType, sniffImageType } from "../contract/image_type.ts";
import { pictureProblem } from "../contract/picture_problem.ts";
import { Problem } from "../contract/problem.ts";
import { readJpeg } from "./jpeg.ts";
import { readPng } from "./png.ts";
import type { Structure } from "./structure.ts";
import { readWebp } from "./webp.ts";

/** Limits on a picture. */
export interface PictureLimits {
  /**
   * Greatest width times height. With some kinds of pictures the decoder must hold the whole
   * picture. When this takes n bytes a pixel, and n is more than 3, the picture counts as n / 3
   * times as large.
   */
  readonly maxPixels: number;
}

/** Size of a picture. */
export interface PictureSize {
  /** In pixels, as stored: the EXIF orientation is not applied. */
  readonly width: number;
  /** In pixels, as stored. */
  readonly height: number;
}

/** Greatest width and height. Shrinking longer rows takes many times the picture's memory. */
export const MAX_SIDE_PX = 16_384;

const READERS: Readonly<Record<ImageType, (bytes: Uint8Array) => Structure>> = {
  "image/jpeg": readJpeg,
  "image/png": readPng,
  "image/webp": readWebp,
};

/**
 * Returns the size of a picture whose structure is complete and within the bounds. The work is
 * bounded by the bytes of the picture: no part is decompressed.
 *
 * @param bytes The picture as the client sent it
 * @throws {Problem} `unsupported_media_type` when the first bytes are not those of one of
 * IMAGE_TYPES; `invalid_image` when a part is missing or wrong, or when there are too many parts;
 * `payload_too_large` when the picture exceeds `maxPixels`, or is more than 16,384 pixels wide or
 * high
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 *
 * const begun = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0);
 * assertThrows(() => checkPicture(begun, { maxPixels: 1000 }), Error, "damaged or incomplete");
 * ```
 */
export function checkPicture(bytes: Uint8Array, { maxPixels }: PictureLimits): PictureSize {
  const type = sniffImageType(bytes);
  if (type === undefined) {
    throw pictureProblem("unsupported_media_type");
  }
  const structure = READERS[type](bytes);
  if (structure.kind !== "sound") {
    const cause = new Error(structure.fault);
    if (structure.kind === "damaged") throw pictureProblem("invalid_image", cause);
    throw new Problem("invalid_image", EXCESSIVE, { cause });
  }
  const { width, height, heldBytes } = structure;
  if (width * height > maxPixels) {
    throw new Problem("payload_too_large", `The picture has more than ${maxPixels} pixels`);
  }
  if (heldBytes / 3 > maxPixels) {
    throw new Problem(
      "payload_too_large",
      `The picture is progressive, interlaced or animated, and so counts as more than ${maxPixels} pixels`,
    );
  }
  if (Math.max(width, height) > MAX_SIDE_PX) {
    throw new Problem(
      "payload_too_large",
      `The picture is more than ${MAX_SIDE_PX} pixels wide or high`,
    );
  }
  return { width, height };
}

const EXCESSIVE = "The picture has many more parts than cameras and programs write";
