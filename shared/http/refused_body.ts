// deno-lint-ignore-file no-control-regex -- the first bytes of many formats are control characters
/** Describes bytes that are not a picture, so that a client sees what it did wrong. */

import { PICTURE_FORMATS } from "../contract/image_type.ts";
import { pictureProblem } from "../contract/picture_problem.ts";
import { Problem } from "../contract/problem.ts";
import { otherFormat } from "../picture/other_formats.ts";

/** Number of bytes that are looked at. */
const LOOKED_AT = 256;

/** Advice for the starts of common mistakes. The text of the bytes is Latin-1. The first one wins. */
const MISTAKES: readonly (readonly [start: RegExp, sentence: string])[] = [
  [
    /^\x89PNG/,
    "The PNG was changed on the way, as if it were text; curl needs --data-binary or -F",
  ],
  [/^.{4}ftyp/s, other("MP4")],
  [/^%PDF-/, other("PDF")],
  [/^(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml|!DOCTYPE svg)/i, other("SVG")],
  [/^(?:\xef\xbb\xbf)?\s*</, other("HTML or XML")],
  [
    /^(?:\xef\xbb\xbf)?\s*[{[]/,
    "This is JSON, not a picture; send it with the Content-Type application/json",
  ],
  [
    /^(?:\r\n)?--[^\r\n]*\r?\n/,
    "This is a form, not a picture; send it with the Content-Type multipart/form-data and its boundary",
  ],
  [
    /^\s*data:/i,
    "This is a data: URL, not a picture; send the bytes, or the data: URL as image_base64 in JSON",
  ],
  [
    /^\s*(?:\/9j\/|_9j_|iVBORw0KGgo|UklGR)/,
    "This is base64, not a picture; send the bytes, or the base64 as image_base64 in JSON",
  ],
  [
    /^[\w%.+[\]-]{1,40}=/,
    "This is a URL-encoded form, not a picture; send a multipart form (curl -F) or the bytes " +
    "(curl --data-binary)",
  ],
  [/^(?:https?|file|blob):/i, "This is a URL, not a picture; send the bytes of the picture"],
  [/^\x1f\x8b/, "This is compressed with gzip; send the picture itself"],
];

function other(format: string): string {
  return `${format} is not supported; convert the picture to ${PICTURE_FORMATS}`;
}

/** Returns the error for bytes that are not of one of IMAGE_TYPES. It repeats none of the bytes. */
export function refusedBody(bytes: Uint8Array): Problem {
  const format = otherFormat(bytes);
  const start = String.fromCharCode(...bytes.subarray(0, LOOKED_AT));
  const sentence = format === undefined
    ? MISTAKES.find(([mistake]) => mistake.test(start))?.[1]
    : other(format);
  return sentence === undefined
    ? pictureProblem("unsupported_media_type")
    : new Problem("unsupported_media_type", sentence);
}
