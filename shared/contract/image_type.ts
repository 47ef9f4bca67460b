/** Finds the format of a picture by its bytes, because the Content-Type header may be wrong. */

/** The picture formats that face-it accepts. */
export const IMAGE_TYPES = ["image/jpeg", "image/png", "image/webp"] as const;

/** The names of {@linkcode IMAGE_TYPES}, to use in a sentence. */
export const PICTURE_FORMATS = "JPEG, PNG or WebP";

/** One of {@linkcode IMAGE_TYPES}. */
export type ImageType = (typeof IMAGE_TYPES)[number];

const JPEG = [0xff, 0xd8, 0xff];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const RIFF = [0x52, 0x49, 0x46, 0x46];
const WEBP = [0x57, 0x45, 0x42, 0x50];

/**
 * Returns the format of a picture by its first 12 bytes, undefined when it is not one of
 * {@linkcode IMAGE_TYPES}.
 */
export function sniffImageType(bytes: Uint8Array): ImageType | undefined {
  if (startsWith(bytes, JPEG)) return "image/jpeg";
  if (startsWith(bytes, PNG)) return "image/png";
  if (startsWith(bytes, RIFF) && startsWith(bytes.subarray(8), WEBP)) return "image/webp";
  return undefined;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, i) => bytes[i] === byte);
}
