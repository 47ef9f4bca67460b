/** Bounds the work that the EXIF data of a picture can cause. */

import { hasText, viewOf } from "./structure.ts";

/** Most directories. Cameras write five: picture, thumbnail, EXIF, GPS, interoperability. */
const MAX_DIRECTORIES = 16;

/** Tags whose value is the offset of another directory: EXIF, GPS, interoperability. */
const DIRECTORY_TAGS: readonly number[] = [0x8769, 0x8825, 0xa005];
const PREFIX = "Exif\0\0";
const ENTRY_BYTES = 12;

/**
 * Counts the directories in all EXIF data of a picture. A directory counts again each time that an
 * entry points to it.
 *
 * Entries can point to the directory that they lie in. libexif follows such loops to a certain
 * depth, and each level multiplies the work: 60 kB of EXIF keep it busy for more than 25 s.
 */
export class ExifDirectories {
  #left = MAX_DIRECTORIES;

  /** Counts the content of an APP1 segment, which may hold something other than EXIF. */
  takeSegment(content: Uint8Array): boolean {
    return !hasText(content, 0, PREFIX) || this.take(content);
  }

  /**
   * Counts EXIF data, with or without the prefix "Exif". Damaged data is no fault: decoders ignore it.
   *
   * @returns False when there are too many directories
   */
  take(exif: Uint8Array): boolean {
    const prefixed = hasText(exif, 0, PREFIX);
    const tiff = prefixed ? exif.subarray(PREFIX.length) : exif;
    const littleEndian = hasText(tiff, 0, "II");
    if (tiff.length < 8 || !littleEndian && !hasText(tiff, 0, "MM")) return true;
    return this.#takeTiff(viewOf(tiff), littleEndian);
  }

  #takeTiff(tiff: DataView, littleEndian: boolean): boolean {
    const first = tiff.getUint32(4, littleEndian);
    const offsets = [first, ...nextOffset(tiff, first, littleEndian)];
    for (let offset = offsets.pop(); offset !== undefined; offset = offsets.pop()) {
      const start = offset + 2;
      if (start > tiff.byteLength) continue;
      if (--this.#left < 0) return false;
      const room = Math.floor((tiff.byteLength - start) / ENTRY_BYTES);
      const count = Math.min(tiff.getUint16(offset, littleEndian), room);
      for (let entry = start; entry < start + count * ENTRY_BYTES; entry += ENTRY_BYTES) {
        if (!DIRECTORY_TAGS.includes(tiff.getUint16(entry, littleEndian))) continue;
        offsets.push(tiff.getUint32(entry + 8, littleEndian));
        if (offsets.length > MAX_POINTERS) return false;
      }
    }
    return true;
  }
}

/** Most pointers that wait to be followed. Pointers beyond the end of the data count, too. */
const MAX_POINTERS = 64;

/** Returns the offset of the directory that follows the first one: the thumbnail's. */
function nextOffset(tiff: DataView, first: number, littleEndian: boolean): number[] {
  if (first + 2 > tiff.byteLength) return [];
  const end = first + 2 + tiff.getUint16(first, littleEndian) * ENTRY_BYTES;
  const next = end + 4 > tiff.byteLength ? 0 : tiff.getUint32(end, littleEndian);
  return next === 0 ? [] : [next];
}
