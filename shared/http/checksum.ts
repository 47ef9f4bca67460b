/** Computes the checksums that a token for the gallery states. */

import { hash } from "node:crypto";

/** Returns the sha256 of some bytes, or of a text in UTF-8, in lower-case hexadecimal. */
export function checksumOf(content: Uint8Array | string): string {
  return hash("sha256", content, "hex");
}
