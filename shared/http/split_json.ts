/** Finds the fields of a JSON object whose values are strings. */

import { Problem } from "../contract/problem.ts";
import { repeatedName, unknownName } from "./unknown_name.ts";

const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c, COLON = 0x3a, OPEN = 0x7b, CLOSE = 0x7d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** First bytes of a value that is not a string. */
const OTHER_VALUE = /[[{\d\-tfn]/;
/** White space between two tokens. */
const MAX_WHITE_SPACE = 1024;
/** Bytes of the longest name, when each character is written as an escape. */
const MAX_NAME_BYTES = 128;

/**
 * Returns the value of each field as it is in the body: a JSON string with its quotes and escapes.
 * Copies nothing. JSON.parse would need up to 55 bytes of memory for each byte of nested arrays,
 * and seconds for an object with many keys. Here the first value that is no string ends the work.
 *
 * The strings themselves are not checked: `JSON.parse` checks them when their text is read.
 *
 * @param known Names of the fields that are allowed. The first one is required
 * @throws {Problem} `invalid_request` unless the body is an object with each field at most once
 */
export function splitJson(
  body: Uint8Array,
  known: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const cursor = new Cursor(body);
  const fields = new Map<string, Uint8Array>();
  cursor.takeByteOrderMark();
  if (!cursor.take(OPEN)) {
    if (cursor.isAtOtherValue() || cursor.peek() === QUOTE) {
      throw new Problem("invalid_request", `The JSON must be an object with ${known[0]}`);
    }
    throw notJson();
  }
  if (!cursor.take(CLOSE)) {
    do {
      const name = readName(cursor.takeString());
      if (!known.includes(name)) throw unknownName("JSON field", name, known);
      if (fields.has(name)) throw repeatedName("JSON field", name);
      if (!cursor.take(COLON)) throw notJson();
      if (cursor.isAtOtherValue()) {
        throw new Problem("invalid_request", `The JSON field "${name}" must be a string`);
      }
      fields.set(name, cursor.takeString());
    } while (cursor.take(COMMA));
    if (!cursor.take(CLOSE)) throw notJson();
  }
  if (cursor.peek() !== undefined) throw notJson();
  return fields;
}

/** Returns the error for a body that is not JSON. */
export function notJson(): Problem {
  return new Problem("invalid_request", "The body is not valid JSON");
}

function readName(literal: Uint8Array): string {
  if (literal.length <= MAX_NAME_BYTES) return readJsonString(literal);
  // No field has such a long name. The error shows its first characters.
  return new TextDecoder().decode(literal.subarray(1, MAX_NAME_BYTES));
}

/**
 * Returns the text of a JSON string.
 *
 * @param literal The string with its quotes and escapes, in UTF-8
 * @throws {Problem} `invalid_request` when it is malformed
 */
export function readJsonString(literal: Uint8Array): string {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(literal));
  } catch {
    throw notJson();
  }
}

/** A position in JSON. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Skips the bytes that some editors write at the start of a file in UTF-8. */
  takeByteOrderMark(): void {
    if (BYTE_ORDER_MARK.every((byte, i) => this.#bytes[i] === byte)) this.#at = 3;
  }

  /** Skips white space. Returns the byte after it, undefined at the end. */
  peek(): number | undefined {
    for (const end = this.#at + MAX_WHITE_SPACE; this.#at <= end; this.#at++) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
    }
    throw new Problem("invalid_request", "The JSON has too much white space");
  }

  /** Moves past the byte. Returns false when another byte is next. */
  take(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.#at++;
    return true;
  }

  isAtOtherValue(): boolean {
    const byte = this.peek();
    return byte !== undefined && OTHER_VALUE.test(String.fromCharCode(byte));
  }

  /** Moves past a string. Returns it with its quotes. */
  takeString(): Uint8Array {
    if (this.peek() !== QUOTE) throw notJson();
    const start = this.#at;
    this.#at = endOfString(this.#bytes, start);
    return this.#bytes.subarray(start, this.#at);
  }
}

/** Returns the position after the string that begins at `start`. */
function endOfString(bytes: Uint8Array, start: number): number {
  // This is fast. It is right unless the first quote is escaped.
  const quote = bytes.indexOf(QUOTE, start + 1);
  if (quote > 0 && bytes[quote - 1] !== BACKSLASH) return quote + 1;
  for (let at = start + 1; quote > 0 && at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
  }
  throw notJson();
}
