/** Decodes the bytes of a picture into upright RGB pixels. */

import type { OutputInfo, Sharp } from "sharp";
import { pictureProblem } from "../../shared/contract/picture_problem.ts";
import {
  checkPicture,
  type PictureLimits,
  type PictureSize,
} from "../../shared/picture/check_picture.ts";
import { isPlainProfile } from "./colour_profile.ts";
import type { RgbImage } from "./image.ts";
import { isOrdinaryJpeg, jpegDecoder } from "./jpeg_turbo.ts";
import sharp from "../safe_sharp.ts";

/** Limits of {@linkcode decode}. */
export type DecodeLimits = PictureLimits;

/** A decoded picture, and its size before it was shrunk. */
export interface DecodedPicture extends RgbImage {
  /** Size of the upright picture as the client sent it, in pixels. */
  readonly original: { readonly width: number; readonly height: number };
}

/**
 * A picture with more pixels is shrunk while it is decoded. To decode all pixels would take most of
 * a request's time, and fill the memory that a worker may use. The detector finds only faces that
 * are at least a 32nd of the picture's width, so a face in the shrunk picture is more than 60
 * pixels wide.
 */
const MAX_DECODED_PIXELS = 4_000_000;

/**
 * Decodes a picture of one of IMAGE_TYPES into upright (EXIF orientation applied) 8-bit sRGB.
 * Transparent parts become white. Only the first frame of an animation is decoded. A
 * picture of more than 4 million pixels is shrunk to half its width and height, one of more than 16 million to a third, and so on.
 *
 * @param bytes The picture as the client sent it
 * @param limits Limits of the picture's size
 * @param decodeJpeg Decodes ordinary JPEGs; libjpeg-turbo by default, where there is one
 * @throws {Problem} as {@linkcode checkPicture} does, and `invalid_image` when the picture cannot be
 * decoded
 */
export async function decode(
  bytes: Uint8Array,
  limits: DecodeLimits,
  decodeJpeg = jpegDecoder(),
): Promise<DecodedPicture> {
  const size = checkPicture(bytes, limits);
  const pixels = size.width * size.height;
  if (pixels <= MAX_DECODED_PIXELS && isOrdinaryJpeg(bytes)) {
    const data = decodeJpeg?.(bytes, size);
    if (data !== undefined) return { ...size, data, original: size };
  }
  const options = { failOn: "error", limitInputPixels: pixels } as const;
  const metadata = await sharp(bytes, options).metadata().catch(invalidImage);
  // Both have read the same header. If not, one of them is deceived.
  if (metadata.width !== size.width || metadata.height !== size.height) invalidImage();
  // A picture is never refused because of its profile.
  const isPlain = metadata.icc !== undefined && isPlainProfile(metadata.icc);
  const isDeep = metadata.depth === "ushort";
  const stored = sharp(bytes, { ...options, ignoreIcc: isDeep || !isPlain });
  const original = metadata.autoOrient;
  const picture = pixels > MAX_DECODED_PIXELS ? shrink(stored, original) : stored;
  const decoding = isDeep && isPlain ? decodeDeep(picture) : decodePixels(picture);
  const image = await decoding.catch(invalidImage);
  return { ...image, original: { width: original.width, height: original.height } };
}

/** Shrinks a picture, given its size when it is upright. */
function shrink(picture: Sharp, { width, height }: PictureSize): Sharp {
  const factor = Math.ceil(Math.sqrt(width * height / MAX_DECODED_PIXELS));
  return picture
    .resize(Math.ceil(width / factor), Math.ceil(height / factor), {
      fit: "fill",
      kernel: "linear",
    });
}

/**
 * Decodes a picture of 16 bits a channel that has a colour profile. The profile is applied to 8 bits:
 * with 16 bits and a profile whose curves are almost straight, the decoder computes each pixel with
 * floating-point numbers. 50 million pixels would take 18 s.
 */
async function decodeDeep(picture: Sharp): Promise<RgbImage> {
  const shallow = await picture
    .autoOrient()
    .toColourspace("srgb")
    .keepIccProfile()
    .png({ compressionLevel: 0 })
    .toBuffer();
  return await decodePixels(sharp(shallow, { limitInputPixels: false }));
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

function invalidImage(cause?: unknown): never {
  throw pictureProblem("invalid_image", cause);
}
