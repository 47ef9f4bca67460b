/** Makes EXIF data for tests: TIFF directories (CIPA DC-008). */

/** An entry of a directory: its tag and a 32-bit number. */
export type ExifEntry = readonly [tag: number, value: number];

/** Makes a big-endian TIFF of one directory at offset 8, whose entries are 32-bit numbers. */
export function exifOf(entries: readonly ExifEntry[], next = 0): Uint8Array<ArrayBuffer> {
  const tiff = new DataView(new ArrayBuffer(8 + 2 + entries.length * 12 + 4));
  tiff.setUint32(0, 0x4d4d002a);
  tiff.setUint32(4, 8);
  tiff.setUint16(8, entries.length);
  entries.forEach(([tag, value], i) => {
    const at = 10 + i * 12;
    tiff.setUint16(at, tag);
    tiff.setUint16(at + 2, 4);
    tiff.setUint32(at + 4, 1);
    tiff.setUint32(at + 8, value);
  });
  tiff.setUint32(10 + entries.length * 12, next);
  return new Uint8Array(tiff.buffer);
}

/** Makes EXIF data of `count` entries that all point to the directory that they lie in. */
export const exifLoop = (count: number): Uint8Array<ArrayBuffer> =>
  exifOf(Array.from({ length: count }, (_, i) => [[0x8769, 0x8825, 0xa005][i % 3]!, 8]), 8);
