/** Picture bytes to upright RGB pixels. */

import sharp from "sharp";
import { Problem } from "../../shared/errors.ts";
import { sniffImageType } from "../../shared/image_type.ts";
import type { RgbImage } from "./image.ts";

// One picture at a time: a cache would only keep faces in memory, and threads beyond the one that
// decodes would compete with the other workers of the machine.
sharp.cache(false);
sharp.concurrency(1);

/** Bounds on what {@linkcode decode} accepts. */
export interface DecodeLimits {
  /** Width times height above which a picture is refused before it is decoded. */
  readonly maxPixels: number;
}

/**
 * Decodes a JPEG, PNG or WebP into upright (EXIF orientation applied) 8-bit sRGB. Transparency is
 * laid over white, of an animation the first frame is used.
 *
 * @throws {Problem} `unsupported_media_type` by its first bytes, `payload_too_large` over
 * `maxPixels`, `invalid_image` when it is truncated or damaged
 */
export async function decode(bytes: Uint8Array, limits: DecodeLimits): Promise<RgbImage> {
  if (sniffImageType(bytes) === undefined) {
    throw new Problem("unsupported_media_type", "The picture is not a JPEG, PNG or WebP");
  }
  const { maxPixels } = limits;
  const { data, info } = await sharp(bytes, { failOn: "error", limitInputPixels: maxPixels })
    .autoOrient()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch(async (cause) => {
      if (await isOver(maxPixels, bytes)) {
        throw new Problem("payload_too_large", `The picture has more than ${maxPixels} pixels`);
      }
      throw invalidImage(cause);
    });
  const image = { width: info.width, height: info.height };
  switch (info.channels) {
    case 3:
      return { ...image, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
    case 4:
      return { ...image, data: await flatten({ ...image, data }) };
    default:
      throw new Problem("invalid_image", "The picture cannot be shown in RGB");
  }
}

/** Whether it is for its size that a picture was not decoded; asked only then, for it takes time. */
async function isOver(maxPixels: number, bytes: Uint8Array): Promise<boolean> {
  const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata()
    .catch((cause) => {
      throw invalidImage(cause);
    });
  return width * height > maxPixels;
}

/** RGB of a picture with transparency, laid over white. */
function flatten(
  { width, height, data }: { width: number; height: number; data: Uint8Array },
): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false })
    .flatten({ background: "white" })
    .raw()
    .toBuffer();
}

const invalidImage = (cause: unknown): Problem =>
  new Problem("invalid_image", "The picture is damaged or truncated", { cause });
