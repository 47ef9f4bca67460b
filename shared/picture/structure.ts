/** Results of reading the structure of a picture, without decoding a pixel. */

/** Result of reading the structure of a picture. */
export type Structure = SoundStructure | BrokenStructure;

/** The parts of the picture are complete, and no more than the decoder can take. */
export interface SoundStructure {
  readonly kind: "sound";
  /** In pixels, as stored: the EXIF orientation is not applied. */
  readonly width: number;
  /** In pixels, as stored. */
  readonly height: number;
  /**
   * Bytes that the decoder must hold before it can return the first row. 0 for a picture that is
   * decoded row by row.
   */
  readonly heldBytes: number;
}

/** The decoder would refuse the picture, or would need too much time for it. */
export interface BrokenStructure {
  /** `damaged`: a part is missing or wrong. `excessive`: more parts than real pictures have. */
  readonly kind: "damaged" | "excessive";
  /** Describes the fault, for the log. */
  readonly fault: string;
}

/** Returns a {@linkcode BrokenStructure} of a picture with a missing or wrong part. */
export const damaged = (fault: string): BrokenStructure => ({ kind: "damaged", fault });

/** Returns a {@linkcode BrokenStructure} of a picture with too many parts. */
export const excessive = (fault: string): BrokenStructure => ({ kind: "excessive", fault });

/** Returns true when `bytes` contain the characters of `text` (Latin-1) at an offset. */
export function hasText(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Returns two bytes at an offset as a number, the first byte first. */
export const uint16 = (bytes: Uint8Array, at: number): number => bytes[at]! << 8 | bytes[at + 1]!;

/** Returns four bytes at an offset as a number, the first byte first. */
export const uint32 = (bytes: Uint8Array, at: number): number =>
  (uint16(bytes, at) << 16 | uint16(bytes, at + 2)) >>> 0;

/** Returns four bytes at an offset as a number, the last byte first. */
export const uint32LittleEndian = (bytes: Uint8Array, at: number): number =>
  (bytes[at + 3]! << 24 | bytes[at + 2]! << 16 | bytes[at + 1]! << 8 | bytes[at]!) >>> 0;

/** Returns a view of the bytes. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
