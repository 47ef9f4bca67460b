/** Bounds the memory that the texts and the colour profile of a PNG take. */

/** The decoder ignores a text, and a profile, that is larger than this when it is inflated. */
const MAX_INFLATED_BYTES = 8_000_000;

/** No bytes are inflated to more than this many times their number (RFC 1951: 258 bytes in 2 bits). */
const MAX_RATIO = 1032;

/**
 * Most bytes of all texts, inflated. It is the size of four of the largest. ImageMagick writes one
 * compressed text for each profile (EXIF, IPTC, XMP), and one for each property of 128 characters
 * or more. Other programs write one or two. Most texts are far smaller than the largest.
 */
const MAX_TOTAL_BYTES = 4 * MAX_INFLATED_BYTES;

/** Times that a worker holds a text in memory. Measured: 41 to 57 MB for a text of 8 MB. */
const COPIES = 7;

/** Texts of this size together make no difference: an EXIF block and a profile, for example. */
const FEW_BYTES = 1_000_000;

/** Longest keyword of a text, with the byte that ends it. */
const KEYWORD_BYTES = 80;

/**
 * Counts the bytes of all texts of a PNG, without inflating any: a compressed one counts as large as
 * its bytes allow. 31 texts of 8 MB, in a file of 240 kB, took over a second of CPU and 1 GB.
 */
export class InflatedText {
  #bytes = 0;

  /**
   * Counts the content of a chunk.
   *
   * @param type tEXt, zTXt, iTXt or iCCP
   * @returns False when there are too many bytes
   */
  take(type: string, content: Uint8Array): boolean {
    const inflated = isCompressed(type, content)
      ? Math.min(content.length * MAX_RATIO, MAX_INFLATED_BYTES)
      : content.length;
    this.#bytes += inflated;
    return this.#bytes <= MAX_TOTAL_BYTES;
  }

  /** Bytes that the decoder holds for all texts, at most; 0 for the few that most pictures have. */
  get heldBytes(): number {
    return this.#bytes > FEW_BYTES ? this.#bytes * COPIES : 0;
  }
}

/** True for a chunk that the decoder inflates. In doubt, an iTXt chunk is compressed. */
function isCompressed(type: string, content: Uint8Array): boolean {
  if (type !== "iTXt") return type !== "tEXt";
  const keywordEnd = content.subarray(0, KEYWORD_BYTES).indexOf(0);
  return keywordEnd < 0 || content[keywordEnd + 1] !== 0;
}
