/** Decodes the bytes of a picture into upright RGB pixels. */

import sharp, { type Metadata, type OutputInfo, type Sharp } from "sharp";
import { Problem } from "../../shared/contract/problem.ts";
import { PICTURE_FORMATS, sniffImageType } from "../../shared/contract/image_type.ts";
import type { RgbImage } from "./image.ts";

// A worker decodes one picture at a time. A cache would only keep faces in memory, and more threads
// would take cores from the machine's other workers.
sharp.cache(false);
sharp.concurrency(1);

/** Limits of {@linkcode decode}. */
export interface DecodeLimits {
  /**
   * Greatest width times height. A larger picture is refused before it is decoded. With some
   * formats the decoder must hold the whole picture. When this takes n bytes a pixel, and n is more
   * than 3, the picture counts as n / 3 times as large.
   */
  readonly maxPixels: number;
}

/** A decoded picture, and its size before it was shrunk. */
export interface DecodedPicture extends RgbImage {
  /** Size of the upright picture as the client sent it, in pixels. */
  readonly original: { readonly width: number; readonly height: number };
}

/** Shrinking longer rows takes many times the picture's memory. Panoramas have 16,000 columns. */
const MAX_SIDE_PX = 16_384;

/**
 * A picture with more pixels is shrunk while it is decoded. To decode all pixels would take most of
 * a request's time, and fill the memory that a worker may use. The detector finds only faces that
 * are at least a 32nd of the picture's width, so a face in the shrunk picture is more than 60
 * pixels wide.
 */
const MAX_DECODED_PIXELS = 4_000_000;

/**
 * Decodes a picture of one of IMAGE_TYPES into upright (EXIF orientation applied) 8-bit sRGB.
 * Transparent parts become white. Only the first frame of an animation is decoded. A picture of more than 4 million
 * pixels is shrunk to half its width and height, one of more than 16 million to a third, and so on.
 *
 * @param bytes The picture as the client sent it
 * @throws {Problem} `unsupported_media_type` when the first bytes are not those of one of
 * IMAGE_TYPES; `payload_too_large` when the picture exceeds `maxPixels`, or is more than 16,384 pixels
 * wide or high; `invalid_image` when it is truncated or damaged
 */
export async function decode(bytes: Uint8Array, limits: DecodeLimits): Promise<DecodedPicture> {
  if (sniffImageType(bytes) === undefined) {
    throw new Problem("unsupported_media_type", `The picture is not a ${PICTURE_FORMATS}`);
  }
  // Most pictures are neither large nor damaged. They are decoded without first reading the header.
  const limit = Math.min(limits.maxPixels, MAX_DECODED_PIXELS);
  const whole = await decodePixels(sharp(bytes, { failOn: "error", limitInputPixels: limit }))
    .catch(() => undefined);
  if (whole !== undefined) {
    refuseLongSides(whole);
    const { width, height } = whole;
    return { ...whole, original: { width, height } };
  }
  return await decodeShrunk(bytes, limits);
}

async function decodeShrunk(bytes: Uint8Array, { maxPixels }: DecodeLimits) {
  const picture = sharp(bytes, { failOn: "error", limitInputPixels: false });
  const metadata = await picture.metadata().catch(invalidImage);
  const pixels = metadata.width * metadata.height;
  if (pixels > maxPixels) {
    throw new Problem("payload_too_large", `The picture has more than ${maxPixels} pixels`);
  }
  if (pixels * bytesHeldPerPixel(metadata) / 3 > maxPixels) {
    throw new Problem(
      "payload_too_large",
      `The picture is progressive or interlaced and counts as more than ${maxPixels} pixels`,
    );
  }
  const { width, height } = metadata.autoOrient;
  refuseLongSides(metadata.autoOrient);
  const factor = Math.ceil(Math.sqrt(pixels / MAX_DECODED_PIXELS));
  const shrunk = picture
    .resize(Math.ceil(width / factor), Math.ceil(height / factor), {
      fit: "fill",
      kernel: "linear",
    });
  const image = await decodePixels(shrunk).catch(invalidImage);
  return { ...image, original: { width, height } };
}

function refuseLongSides({ width, height }: { width: number; height: number }): void {
  if (Math.max(width, height) <= MAX_SIDE_PX) return;
  throw new Problem(
    "payload_too_large",
    `The picture is more than ${MAX_SIDE_PX} pixels wide or high`,
  );
}

async function decodePixels(picture: Sharp): Promise<RgbImage> {
  const { data, info } = await picture
    .autoOrient()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const rgb = info.channels === 3 ? data : await flattenOntoWhite(data, info);
  // `rgb` is a Buffer. V8's compiler treats a Buffer as another type than the Uint8Array of other
  // pictures.
  return {
    width: info.width,
    height: info.height,
    data: new Uint8Array(rgb.buffer, rgb.byteOffset, rgb.byteLength),
  };
}

/** Makes transparent parts white. This takes time, so only pictures with transparency need it. */
function flattenOntoWhite(
  data: Uint8Array,
  { width, height, channels }: OutputInfo,
): Promise<Uint8Array> {
  if (channels !== 4) throw new RangeError(`A picture of ${channels} channels is not RGB`);
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false })
    .flatten({ background: "white" })
    .raw()
    .toBuffer();
}

/**
 * Returns the number of bytes for each pixel that the decoder must hold before it can return the
 * first row. For a progressive JPEG it holds all coefficients (16-bit), and for an interlaced PNG
 * all pixels. For a picture that is stored row by row, it holds nothing.
 */
function bytesHeldPerPixel(
  { isProgressive, format, channels, chromaSubsampling, depth }: Metadata,
): number {
  if (!isProgressive) return 0;
  if (format === "jpeg") return chromaSubsampling === "4:2:0" ? 3 : channels * 2;
  return depth === "ushort" ? channels * 2 : channels;
}

function invalidImage(cause: unknown): never {
  throw new Problem("invalid_image", "The picture is damaged or truncated", { cause });
}
