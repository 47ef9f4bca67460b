import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../contract/problem.ts";
import { readJsonString, splitJson } from "./split_json.ts";

const KNOWN = ["image_base64", "user_id"];
const utf8 = new TextEncoder();

/** Returns the fields as text, undefined when the text is refused. */
function read(text: string | Uint8Array): Record<string, string> | undefined {
  const body = typeof text === "string" ? utf8.encode(text) : text;
  try {
    const fields = [...splitJson(body, KNOWN)];
    return Object.fromEntries(fields.map(([name, literal]) => [name, readJsonString(literal)]));
  } catch (error) {
    assert(error instanceof Problem, String(error));
    assertEquals(error.code, "invalid_request");
    assert(error.message.length < 200, error.message);
    return undefined;
  }
}

/** Returns what JSON.parse makes of the text, undefined unless all fields are known strings. */
function expected(text: string): Record<string, string> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const allowed = Object.entries(value)
    .every(([name, field]) => KNOWN.includes(name) && typeof field === "string");
  return allowed ? value as Record<string, string> : undefined;
}

function assertRefused(text: string | Uint8Array, detail: string): void {
  const body = typeof text === "string" ? utf8.encode(text) : text;
  assertThrows(() => splitJson(body, KNOWN), Problem, detail);
}

Deno.test("all strings that JSON.stringify writes are read", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 30 });
  fc.assert(fc.property(text, text, fc.constantFrom(0, 2, "\t"), (image_base64, user_id, space) => {
    const value = { image_base64, user_id };
    assertEquals(read(JSON.stringify(value, undefined, space)), value);
    const escaped = JSON.stringify(value).replaceAll(
      /[a-z/]/g,
      (letter) => "\\u" + letter.charCodeAt(0).toString(16).padStart(4, "0"),
    );
    assertEquals(read(escaped), value);
  }));
});

Deno.test("pieces of JSON are read exactly when JSON.parse reads them", () => {
  const pieces = [
    ...['{"user_id":"a"', '"image_base64"', '"user_id"', '"', "{", "}", "[", "]", ":", ",", " "],
    ...["\\", '\\"', "\\/", "\\u0041", "\\u00", "\\x", "a", "é", "\u{1f600}", "\n", "\t", "\0"],
    ...["null", "true", "1", "-", "'", "\u00a0", "\ufeff", "\u2028", '"image_base64":"b"}', "//"],
  ];
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map((text) => text.join(""));
  const start = fc.constantFrom("", "{", '{"user_id":"', '{"user_id":"a","image_base64":"');
  const end = fc.constantFrom("", "}", '"}', '"} ', '","image_base64":"b"}');
  let accepted = 0;
  fc.assert(
    fc.property(start, text, end, (start, text, end) => {
      const whole = start + text + end;
      const names = [...whole.matchAll(/"(user_id|image_base64)"\s*:/g)].map(([, name]) => name);
      // JSON.parse accepts a name twice, and takes the last value.
      if (new Set(names).size < names.length) return;
      // JSON.parse refuses a byte order mark, but a file can begin with it.
      const result = read(whole);
      assertEquals(result, expected(whole.replace(/^\ufeff/, "")), JSON.stringify(whole));
      if (result !== undefined) accepted++;
    }),
    { numRuns: 3000, seed: 1 },
  );
  assert(accepted > 100, `${accepted}`);
});

Deno.test("a field that is given twice is refused", () => {
  assertRefused(
    '{"user_id":"a","user_id":"b"}',
    'The JSON field "user_id" is given more than once',
  );
  assertRefused('{"user_id":"a","\\u0075ser_id":"a"}', "more than once");
  assertRefused('{"image_base64":"a","user_id":"a","image_base64":"a"}', "more than once");
});

Deno.test("an unknown field is refused with its name and the known ones", () => {
  for (
    const name of ["userid", "User_id", "user_id ", "__proto__", "constructor", "", "user\\u0000"]
  ) {
    assertRefused(`{"image_base64":"a","${name}":"user1"}`, "Unknown JSON field");
  }
  assertRefused('{"userid":""}', 'Unknown JSON field "userid"; use "image_base64" or "user_id"');
  assertRefused(`{"${"x".repeat(1_000_000)}":""}`, `"${"x".repeat(40)}…"`);
});

Deno.test("a value that is no string is refused with the name of its field", () => {
  for (const value of ["1", "-1", "null", "true", "false", "[]", "{}", "[".repeat(100_000)]) {
    assertRefused(`{"user_id":${value}`, 'The JSON field "user_id" must be a string');
    if (value !== "{}") assertRefused(value, "must be an object");
  }
});

Deno.test("other encodings than UTF-8 are refused, and a byte order mark is skipped", () => {
  assertEquals(read('\ufeff{"user_id":"a"}'), { user_id: "a" });
  assertEquals(read('\ufeff\ufeff{"user_id":"a"}'), undefined);
  for (const littleEndian of [true, false]) {
    const text = '\ufeff{"user_id":"a"}';
    const utf16 = new DataView(new ArrayBuffer(2 * text.length));
    for (let i = 0; i < text.length; i++) {
      utf16.setUint16(2 * i, text.charCodeAt(i), littleEndian);
    }
    assertRefused(new Uint8Array(utf16.buffer), "not valid JSON");
    assertRefused(new Uint8Array(utf16.buffer, 2), "not valid JSON");
  }
  for (const byte of [0xff, 0xc0, 0x80]) {
    const text = utf8.encode('{"user_id":"?"}');
    text[text.indexOf(0x3f)] = byte;
    assertEquals(read(text), undefined);
  }
});

Deno.test("white space between two tokens is bounded", () => {
  const space = " \r\n\t".repeat(256);
  assertEquals(read(`${space}{${space}"user_id"${space}:${space}"a"${space}}${space}`), {
    user_id: "a",
  });
  for (const text of [" {}", '{ "user_id":"a"}', "{} ", '{"user_id" :"a"}', '{"user_id":"a" }']) {
    assertRefused(text.replace(" ", " ".repeat(1025)), "too much white space");
  }
});
