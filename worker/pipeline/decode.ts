/** Picture bytes to upright RGB pixels. */

import sharp, { type Metadata, type OutputInfo, type Sharp } from "sharp";
import { Problem } from "../../shared/contract/problem.ts";
import { sniffImageType } from "../../shared/contract/image_type.ts";
import type { RgbImage } from "./image.ts";

// One picture at a time: a cache would only keep faces in memory, and threads beyond the one that
// decodes would compete with the other workers of the machine.
sharp.cache(false);
sharp.concurrency(1);

/** Bounds on what {@linkcode decode} accepts. */
export interface DecodeLimits {
  /**
   * Width times height above which a picture is refused before it is decoded. A picture that its
   * format makes the decoder hold whole at more than 3 bytes a pixel counts as so much larger.
   */
  readonly maxPixels: number;
}

/** A decoded picture, and how large it was before it was reduced. */
export interface DecodedPicture extends RgbImage {
  /** Of the upright picture itself, in pixels. */
  readonly original: { readonly width: number; readonly height: number };
}

/** Reducing a picture of longer rows takes many times its memory; panoramas have 16,000 pixels. */
const MAX_SIDE_PX = 16_384;

/**
 * A picture of more pixels is reduced: decoding all of them takes most of a request's time, and
 * would fill the memory that a worker may have. The detector finds no face of less than a 32nd of
 * the picture's width, so what is left of a face is more than 60 pixels wide.
 */
const MAX_KEPT_PIXELS = 4_000_000;

/**
 * Decodes a JPEG, PNG or WebP into upright (EXIF orientation applied) 8-bit sRGB. Transparency is
 * laid over white, of an animation the first frame is used. A picture of more than 4 million pixels
 * is reduced to half its width and height, one of more than 16 million to a third, and so on.
 *
 * @throws {Problem} `unsupported_media_type` by its first bytes, `payload_too_large` over
 * `maxPixels` or 16,384 pixels wide or high, `invalid_image` when it is truncated or damaged
 */
export async function decode(bytes: Uint8Array, limits: DecodeLimits): Promise<DecodedPicture> {
  if (sniffImageType(bytes) === undefined) {
    throw new Problem("unsupported_media_type", "The picture is not a JPEG, PNG or WebP");
  }
  // Most pictures are neither large nor damaged. Their headers are not read twice.
  const limit = Math.min(limits.maxPixels, MAX_KEPT_PIXELS);
  const whole = await pixelsOf(sharp(bytes, { failOn: "error", limitInputPixels: limit }))
    .catch(() => undefined);
  if (whole !== undefined) {
    refuseLongSides(whole);
    const { width, height } = whole;
    return { ...whole, original: { width, height } };
  }
  return await decodeReduced(bytes, limits);
}

async function decodeReduced(bytes: Uint8Array, { maxPixels }: DecodeLimits) {
  const picture = sharp(bytes, { failOn: "error", limitInputPixels: false });
  const metadata = await picture.metadata().catch(invalidImage);
  const pixels = metadata.width * metadata.height;
  if (pixels * Math.max(1, heldBytes(metadata) / 3) > maxPixels) {
    throw new Problem("payload_too_large", `The picture has more than ${maxPixels} pixels`);
  }
  const { width, height } = metadata.autoOrient;
  refuseLongSides(metadata.autoOrient);
  const factor = Math.ceil(Math.sqrt(pixels / MAX_KEPT_PIXELS));
  const reduced = picture
    .resize(Math.ceil(width / factor), Math.ceil(height / factor), {
      fit: "fill",
      kernel: "linear",
    });
  const image = await pixelsOf(reduced).catch(invalidImage);
  return { ...image, original: { width, height } };
}

function refuseLongSides({ width, height }: { width: number; height: number }): void {
  if (Math.max(width, height) <= MAX_SIDE_PX) return;
  throw new Problem(
    "payload_too_large",
    `The picture is more than ${MAX_SIDE_PX} pixels wide or high`,
  );
}

/** Runs a decoder's pipeline to its end. */
async function pixelsOf(picture: Sharp): Promise<RgbImage> {
  const { data, info } = await picture
    .autoOrient()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const rgb = info.channels === 3 ? data : await overWhite(data, info);
  // A Buffer is another kind of array to the compiler than what else fills pictures.
  return {
    width: info.width,
    height: info.height,
    data: new Uint8Array(rgb.buffer, rgb.byteOffset, rgb.byteLength),
  };
}

/** A picture with transparency laid over white; asked for only then, for it takes time. */
function overWhite(data: Uint8Array, { width, height, channels }: OutputInfo): Promise<Uint8Array> {
  if (channels !== 4) throw new RangeError(`A picture of ${channels} channels is not RGB`);
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false })
    .flatten({ background: "white" })
    .raw()
    .toBuffer();
}

/**
 * Bytes a pixel of what the decoder must hold whole before it has the first row: the coefficients of
 * a JPEG in several scans (16-bit), all of an interlaced PNG, nothing of those that come row by row.
 */
function heldBytes(
  { isProgressive, format, channels, chromaSubsampling, depth }: Metadata,
): number {
  if (!isProgressive) return 0;
  if (format === "jpeg") return chromaSubsampling === "4:2:0" ? 3 : channels * 2;
  return depth === "ushort" ? channels * 2 : channels;
}

function invalidImage(cause: unknown): never {
  throw new Problem("invalid_image", "The picture is damaged or truncated", { cause });
}
