/** Decodes the picture of a JSON request. */

import { Problem } from "../contract/problem.ts";

/** A media type with its parameters. Nothing in it matters: the picture's first bytes decide. */
const DATA_URL_PREFIX = /^data:[^,]*; ?base64,/i;
const MAX_PREFIX_LENGTH = 256;

/**
 * Returns the bytes of standard or URL-safe base64, with or without padding, white space and the
 * prefix of a `data:` URL.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const expected = Uint8Array.of(0xff, 0xe0);
 * for (const text of ["/+A=", "_-A", "data:image/jpeg;name=a.jpg;base64,/+A="]) {
 *   assertEquals(decodeBase64(text), expected);
 * }
 * ```
 *
 * @throws {Problem} `invalid_request`, without a part of the text
 */
export function decodeBase64(text: string): Uint8Array {
  const [prefix = ""] = DATA_URL_PREFIX.exec(text.slice(0, MAX_PREFIX_LENGTH)) ?? [];
  const data = text.slice(prefix.length);
  const bytes = decode(data, "base64") ??
    (/[-_]/.test(data) ? decode(data, "base64url") : undefined);
  if (bytes !== undefined) return bytes;
  throw new Problem("invalid_request", `image_base64 is not valid base64${hint(data)}`);
}

function decode(text: string, alphabet: "base64" | "base64url"): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { alphabet });
  } catch {
    return undefined;
  }
}

/** Explains common mistakes. */
function hint(text: string): string {
  if (/^data:/i.test(text)) return ": the data: URL has no base64";
  if (/^https?:/i.test(text)) return ": it is the address of a picture, not the picture itself";
  if (/^[\w+/-]*%[\da-f]{2}/i.test(text)) return ": it is percent-encoded";
  return "";
}
