/** Recognises pictures in formats that face-it does not accept, to tell a person what to do. */

/** Advice for a photo in another format, such as "HEIC photo: convert it to JPEG". */
export type ConvertAdvice = `${string}: convert it to JPEG`;

/** Number of first bytes of a file that {@linkcode otherFormat} needs. */
export const FORMAT_BYTES = 64;

/** First bytes of formats; each character is one byte. */
const SIGNATURES: readonly (readonly [bytes: string, format: string])[] = [
  ["GIF87a", "GIF"],
  ["GIF89a", "GIF"],
  ["BM", "BMP"],
  ["\xff\x0a", "JPEG XL"],
  ["\0\0\0\x0cJXL ", "JPEG XL"],
  ["\0\0\0\x0cjP  ", "JPEG 2000"],
  ["8BPS", "Photoshop"],
  ["II*\0\x10\0\0\0CR", "raw Canon"],
  ["FUJIFILMCCD-RAW", "raw Fujifilm"],
  ["IIRO", "raw Olympus"],
  ["IIRS", "raw Olympus"],
  ["MMOR", "raw Olympus"],
  ["IIU\0", "raw Panasonic"],
  ["FOVb", "raw Sigma"],
  ["\0MRM", "raw Minolta"],
  // Most cameras write raw photos as TIFF: DNG, NEF, ARW, PEF.
  ["II*\0", "TIFF or raw"],
  ["MM\0*", "TIFF or raw"],
  ["II+\0", "TIFF"],
  ["MM\0+", "TIFF"],
];

/** Formats by the brands in the first box of an ISO base media file (ISO/IEC 14496-12). */
const BRANDS: readonly (readonly [brand: string, format: string])[] = [
  ["avif", "AVIF"],
  ["avis", "AVIF"],
  ["heic", "HEIC"],
  ["heix", "HEIC"],
  ["heim", "HEIC"],
  ["heis", "HEIC"],
  ["hevc", "HEIC"],
  ["hevx", "HEIC"],
  ["crx ", "raw Canon"],
  ["mif1", "HEIF"],
  ["msf1", "HEIF"],
];

/**
 * Returns the name of a picture's format, by its first bytes, when face-it does not accept this
 * format. Returns undefined for an accepted format, and for other bytes.
 *
 * @param bytes The first {@linkcode FORMAT_BYTES} bytes of the file, or more
 */
export function otherFormat(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, FORMAT_BYTES));
  return formatByBrands(start) ??
    SIGNATURES.find(([signature]) => start.startsWith(signature))?.[1];
}

/** Returns advice for a photo that {@linkcode otherFormat} recognises, otherwise undefined. */
export function adviseConversion(bytes: Uint8Array): ConvertAdvice | undefined {
  const format = otherFormat(bytes);
  return format === undefined ? undefined : `${format} photo: convert it to JPEG`;
}

function formatByBrands(start: string): string | undefined {
  if (start.slice(4, 8) !== "ftyp") return undefined;
  const size = start.charCodeAt(2) * 256 + start.charCodeAt(3);
  const brands = [start.slice(8, 12)];
  // Four bytes of a version lie between the major brand and the compatible ones.
  for (let at = 16; at + 4 <= Math.min(size, start.length); at += 4) {
    brands.push(start.slice(at, at + 4));
  }
  return BRANDS.find(([brand]) => brands.includes(brand))?.[1];
}
