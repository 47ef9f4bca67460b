/** Splits a multipart form (RFC 7578) into its parts. */

import { Buffer } from "node:buffer";
import { Problem } from "../contract/problem.ts";
import { parseParameters } from "./parameters.ts";
import { repeatedName, unknownName } from "./unknown_name.ts";

/** A part of a form. */
export interface FormPart {
  /** A view into the form. Nothing is copied. */
  readonly content: Uint8Array;
  /** True when the part has a file name. */
  readonly isFile: boolean;
}

const CR = 0x0d, MAX_HEADER_BYTES = 4096, MAX_EPILOGUE_BYTES = 16;
const HEADER = /^([!#$%&'*+.^`|~\w-]+):([\t -~\x80-\xff]*)$/;
const DISPOSITION_PARAMETERS: ReadonlySet<string> = new Set(["name", "filename", "filename*"]);
const ENCODING_HEADER = "content-transfer-encoding";
/** Encodings of RFC 2045 that change nothing. */
const NO_ENCODING: ReadonlySet<string> = new Set(["7bit", "8bit", "binary"]);

/**
 * Returns the parts by their names. The rules are strict, and the work is linear in the size of the
 * form: the first unknown or repeated part ends it.
 *
 * @param known Names of the parts that are allowed
 * @throws {Problem} `invalid_request` for a malformed form, and for an unknown or repeated part
 */
export function splitForm(
  body: Uint8Array,
  boundary: string,
  known: readonly string[],
): ReadonlyMap<string, FormPart> {
  const parts = new Map<string, FormPart>();
  const delimiter = ascii(`\r\n--${boundary}`);
  // The first delimiter needs no line end before it.
  const first = startsWith(body, 0, delimiter) ? delimiter : delimiter.subarray(2);
  if (!startsWith(body, 0, first)) {
    throw malformed("it does not begin with the boundary of its Content-Type");
  }
  let at = first.length;
  while (!startsWith(body, at, CLOSING)) {
    if (!startsWith(body, at, LINE_END)) throw malformed("there is text after a boundary");
    const headerEnd = find(body, HEADER_END, at, at + MAX_HEADER_BYTES);
    if (headerEnd < 0) {
      throw malformed(`a part does not begin with headers of at most ${MAX_HEADER_BYTES} bytes`);
    }
    const { name, isFile } = readHeaders(body.subarray(at + LINE_END.length, headerEnd));
    if (!known.includes(name)) throw unknownName("form field", name, known);
    if (parts.has(name)) throw repeatedName("form field", name);
    const start = headerEnd + HEADER_END.length;
    // A part without content may end with the last line end of its headers.
    const end = find(body, delimiter, start - LINE_END.length, body.length);
    if (end < 0) throw malformed("it does not end with its boundary");
    parts.set(name, { content: body.subarray(start, Math.max(start, end)), isFile });
    at = end + delimiter.length;
  }
  assertEpilogue(body.subarray(at + CLOSING.length));
  return parts;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const LINE_END = ascii("\r\n"), HEADER_END = ascii("\r\n\r\n"), CLOSING = ascii("--");

/** Reads the headers of a part. Their encoding does not matter: only ASCII is compared. */
function readHeaders(bytes: Uint8Array): { readonly name: string; readonly isFile: boolean } {
  const headers = new Map<string, string>();
  for (const line of latin1(bytes).split("\r\n")) {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined) throw malformed("a part has a malformed header");
    if (headers.has(name.toLowerCase())) throw malformed("a part has a header twice");
    headers.set(name.toLowerCase(), value!.trim());
  }
  if (!NO_ENCODING.has(headers.get(ENCODING_HEADER)?.toLowerCase() ?? "binary")) {
    throw malformed("a part has a Content-Transfer-Encoding; send the bytes themselves");
  }
  const disposition = headers.get("content-disposition") ?? "";
  const [type] = disposition.split(";", 1);
  const parameters = parseParameters(disposition.slice(type!.length));
  const name = parameters?.get("name");
  if (
    type!.trim().toLowerCase() !== "form-data" || parameters === undefined || name === undefined
  ) {
    throw malformed("a part has no Content-Disposition with a name");
  }
  const other = [...parameters.keys()].find((key) => !DISPOSITION_PARAMETERS.has(key));
  if (other !== undefined) {
    throw unknownName("parameter of Content-Disposition", other, [...DISPOSITION_PARAMETERS]);
  }
  return { name, isFile: parameters.has("filename") || parameters.has("filename*") };
}

/** Refuses anything but white space after the last boundary: it could be a second form. */
function assertEpilogue(bytes: Uint8Array): void {
  if (bytes.length > MAX_EPILOGUE_BYTES || /[^ \t\r\n]/.test(latin1(bytes))) {
    throw malformed("there is text after its last boundary");
  }
}

function malformed(why: string): Problem {
  return new Problem("invalid_request", `The body is not a valid form: ${why}`);
}

const latin1 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("latin1");

function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => bytes[at + i] === byte);
}

/**
 * Returns the position between `start` and `end` of a text that begins with CR, or -1. Except
 * for HEADER_END, which is short, the texts of this file have no other CR. So bytes like the start of
 * the text are compared at most twice.
 */
function find(bytes: Uint8Array, text: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, bytes.length) - text.length;
  for (let at = start; at <= last;) {
    if (bytes[at] !== CR) {
      at++;
      continue;
    }
    let same = 1;
    while (same < text.length && bytes[at + same] === text[same]) same++;
    if (same === text.length) return at;
    at++;
  }
  return -1;
}
