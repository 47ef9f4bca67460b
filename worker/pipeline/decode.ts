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
  const picture = sharp(bytes, { failOn: "error", limitInputPixels: false });
  const { width, height } = await picture.metadata().catch(invalidImage);
  if (width * height > limits.maxPixels) {
    throw new Problem(
      "payload_too_large",
      `The picture has more than ${limits.maxPixels} pixels`,
    );
  }
  const { data, info } = await picture
    .autoOrient()
    .toColourspace("srgb")
    .flatten({ background: "white" })
    .removeAlpha()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch(invalidImage);
  if (info.channels !== 3) {
    throw new Problem("invalid_image", "The picture cannot be shown in RGB");
  }
  return { width: info.width, height: info.height, data };
}

function invalidImage(cause: unknown): never {
  throw new Problem("invalid_image", "The picture is damaged or truncated", { cause });
}
