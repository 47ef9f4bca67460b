// Tests that the work of the parsers grows with the size of a body only, whatever its structure is.
// The tests count bytes that are read, and bytes that are taken out. They measure no time.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { countedBytes } from "../../tests/support/counted_bytes.ts";
import { Problem } from "../contract/problem.ts";
import { splitForm } from "./split_form.ts";
import { splitJson } from "./split_json.ts";

/** Reads that do not depend on the size of a body: of delimiters and of the few names. */
const FIXED_READS = 200;

/** Repeats the text up to a size. */
const fill = (text: string, size = 500): string =>
  text.repeat(Math.ceil(size / text.length)).slice(0, size);

/** Pieces of the bodies. Every combination is tried: start, piece, a filling piece, end. */
interface Ingredients {
  readonly starts: readonly string[];
  readonly pieces: readonly string[];
  readonly ends: readonly string[];
}

const JSON_INGREDIENTS: Ingredients = {
  starts: ["", "{", '{"', '{"image_base64":"', '{"user_id":"a","image_base64":"\\"', '{"user_id":'],
  pieces: [
    ...[
      "",
      "{",
      "[",
      '{"a":',
      "[[[[",
      "}",
      '"',
      '\\"',
      "\\\\",
      "\\",
      "\\u0041",
      "\\u",
      ",",
      ":",
      " ",
    ],
    ...["\n", '"0":0,', '"a1":"",', "0", "1e", "null", "\ufeff", "é", "\0", "QUJD", "/*"],
  ],
  ends: ["", '"', '"}', '\\""}'],
};
const FORM_START = '--b\r\nContent-Disposition: form-data; name="image"; filename="a';
const FORM_INGREDIENTS: Ingredients = {
  starts: ["", "--b\r\n", "--b\r\nX: 1", FORM_START, FORM_START + '"\r\n\r\n'],
  pieces: [
    ...[
      "",
      "--b\r\n",
      "\r\n--b",
      "\r\n--b--",
      "\r\n--",
      "\r\n-",
      "\r\n",
      "\r",
      "\n",
      "-",
      "b",
      "\r\r\n",
    ],
    ...["\r\n\r\n", "\r\n--bbbbbbbbbbbbbbbb", "\r\nX: 1", "x", " ", "; a=b", '"', '\\"', "\xff"],
    ...[`\r\n${FORM_START}"\r\n\r\n`],
  ],
  ends: ["", "\r\n--b--", "\r\n--b\r\n"],
};

function* bodies({ starts, pieces, ends }: Ingredients): Generator<string> {
  for (const start of starts) {
    for (const piece of pieces) {
      for (const filling of pieces.filter((piece) => piece !== "")) {
        for (const end of ends) yield start + piece + fill(filling) + end;
      }
    }
  }
}

/** Runs a parser. Returns how often it read a byte. */
function readsOf(body: string, parse: (bytes: Uint8Array) => unknown): number {
  const bytes = new TextEncoder().encode(body);
  const counted = countedBytes(bytes);
  try {
    parse(counted.bytes);
  } catch (error) {
    assert(error instanceof Problem, String(error));
  }
  assert(counted.taken() <= bytes.length, `${counted.taken()} bytes were taken out`);
  return counted.reads();
}

function assertLinear(ingredients: Ingredients, parse: (bytes: Uint8Array) => unknown): void {
  for (const body of bodies(ingredients)) {
    const reads = readsOf(body, parse), { length } = new TextEncoder().encode(body);
    assert(reads <= 2 * length + FIXED_READS, `${reads} of ${length} in ${JSON.stringify(body)}`);
  }
}

Deno.test("each byte of JSON is read at most twice", () => {
  assertLinear(JSON_INGREDIENTS, (bytes) => splitJson(bytes, ["image_base64", "user_id"]));
});

Deno.test("each byte of a form is read at most twice", () => {
  for (const boundary of ["b", "bbbbbbbbbbbbbbbbb", "-", "--b"]) {
    assertLinear(FORM_INGREDIENTS, (bytes) => splitForm(bytes, boundary, ["image", "user_id"]));
  }
});

Deno.test("nested JSON, many keys and many parts end the work at once", () => {
  for (
    const piece of [
      ...["[", '{"a":', '{"image_base64":[', '{"0":0,"a":0,', '{"user_id":"a","user_id":"a",'],
    ]
  ) {
    assert(readsOf(fill(piece, 100_000), (bytes) => splitJson(bytes, ["user_id"])) < 200, piece);
  }
  const parts = fill(`${FORM_START}"\r\n\r\n\r\n`, 100_000);
  assert(readsOf(parts, (bytes) => splitForm(bytes, "b", ["image"])) < 1000);
});

Deno.test("the count sees every access, and allows no other", () => {
  const counted = countedBytes(Uint8Array.of(5, 6, 7));
  const { bytes } = counted;
  assertEquals([bytes[1], bytes[9], bytes.length, bytes.indexOf(7, 1)], [6, undefined, 3, 2]);
  assertEquals([bytes.subarray(1), counted.reads(), counted.taken()], [Uint8Array.of(6, 7), 4, 2]);
  for (const access of [() => bytes.slice(), () => bytes.buffer, () => [...bytes]]) {
    assertThrows(access, TypeError, "does not count");
  }
});
