/** Bounds the work that the EXIF data of a picture can cause. */

import { hasText, viewOf } from "./structure.ts";

/** Most entries of all directories together. Cameras write fewer than 200. */
const MAX_ENTRIES = 2000;
/** Most directories. Cameras write five: picture, thumbnail, EXIF, GPS, interoperability. */
const MAX_DIRECTORIES = 16;

/** Tags whose value is the offset of another directory: EXIF, GPS, interoperability. */
const DIRECTORY_TAGS: readonly number[] = [0x8769, 0x8825, 0xa005];
const PREFIX = "Exif\0\0";

/**
 * Counts the directories and entries in all EXIF data of a picture.
 *
 * Entries can point to the directory that they lie in. libexif follows such loops to a certain
 * depth, and each level multiplies the work: 60 kB of EXIF hold it for minutes.
 */
export class ExifBudget {
  #entries = MAX_ENTRIES;
  #directories = MAX_DIRECTORIES;

  /** Counts the content of an APP1 segment, which may hold something other than EXIF. */
  takeSegment(content: Uint8Array): boolean {
    return !hasText(content, 0, PREFIX) || this.take(content);
  }

  /**
   * Counts EXIF data, with or without the prefix "Exif". Returns false when the bounds are exceeded.
   */
  take(exif: Uint8Array): boolean {
    const tiff = hasText(exif, 0, PREFIX) ? exif.subarray(PREFIX.length) : exif;
    // libexif searches bytes that begin so for another beginning of the data.
    if (tiff[0] === 0xff) return false;
    if (tiff.length < 8) return true;
    const littleEndian = hasText(tiff, 0, "II");
    if (!littleEndian && !hasText(tiff, 0, "MM")) return true;
    const view = viewOf(tiff);
    const first = view.getUint32(4, littleEndian);
    const offsets = [first, ...this.#nextOf(view, first, littleEndian)];
    for (let offset = offsets.pop(); offset !== undefined; offset = offsets.pop()) {
      if (offset + 2 > tiff.length) continue;
      if (--this.#directories < 0) return false;
      const declared = view.getUint16(offset, littleEndian);
      const count = Math.min(declared, Math.floor((tiff.length - offset - 2) / 12));
      this.#entries -= count;
      if (this.#entries < 0) return false;
      for (let i = 0; i < count; i++) {
        const entry = offset + 2 + i * 12;
        if (!DIRECTORY_TAGS.includes(view.getUint16(entry, littleEndian))) continue;
        offsets.push(view.getUint32(entry + 8, littleEndian));
      }
    }
    return true;
  }

  /** Returns the offset of the directory after the first one: the thumbnail's. */
  #nextOf(view: DataView, first: number, littleEndian: boolean): number[] {
    if (first + 2 > view.byteLength) return [];
    const end = first + 2 + view.getUint16(first, littleEndian) * 12;
    return end + 4 > view.byteLength ? [] : [view.getUint32(end, littleEndian)];
  }
}
