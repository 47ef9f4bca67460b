import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../contract/problem.ts";
import { parseQuery } from "./query.ts";

const parse = (query: string) => parseQuery(`http://test/path${query}`, ["user_id", "other"]);

function assertRefused(query: string, detail: string): void {
  const problem = assertThrows(() => parse(query), Problem, detail);
  assertEquals(problem.code, "invalid_request");
  assert(problem.message.length < 200, problem.message);
}

Deno.test("a URL without parameters has none", () => {
  for (const query of ["", "?", "?&", "?&&"]) assertEquals([...parse(query)], []);
});

Deno.test("a query is read as URLSearchParams writes it", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 60 });
  fc.assert(fc.property(text, text, (user_id, other) => {
    const query = new URLSearchParams({ user_id, other });
    assertEquals(Object.fromEntries(parse(`?${query}`)), { user_id, other });
  }));
});

Deno.test("a name may be percent-encoded, and a value may have a raw equals sign", () => {
  assertEquals([...parse("?%75ser%5Fid=a=b=")], [["user_id", "a=b="]]);
});

Deno.test("a parameter that is given twice is refused, even with the same value", () => {
  for (const query of ["?user_id=a&user_id=a", "?user_id=a&user%5fid=b", "?user_id&user_id"]) {
    assertRefused(query, 'The query parameter "user_id" is given more than once');
  }
});

Deno.test("bytes that are not UTF-8 are refused: two values could become equal", () => {
  for (const bad of ["%ff", "%", "%4", "%zz", "%c3%28", "%ed%a0%80", "%C0%AF", "100%"]) {
    assertRefused(`?user_id=${bad}`, "%25");
    assertRefused(`?${bad}=1`, "%25");
  }
});

Deno.test("a fragment is refused: it could hold the parameters", () => {
  for (const query of ["#?user_id=a", "?#user_id=a", "?user_id=a#", "#user_id=a"]) {
    assertRefused(query, "%23");
  }
});

Deno.test("a long query is refused before it is read", () => {
  assertEquals(parse(`?user_id=${"x".repeat(4000)}`).get("user_id")!.length, 4000);
  assertRefused(`?user_id=${"x".repeat(4096)}`, "longer than 4096");
  assertRefused(`?${"&".repeat(60_000)}`, "longer than 4096");
  assertRefused(`?${"&".repeat(8)}`, "more than 8 parameters");
  assertRefused(`?${"user_id=1&".repeat(400)}`, "more than 8 parameters");
});

Deno.test("the longest user_id fits, when all its bytes are percent-encoded", () => {
  const userId = "\u{20ac}".repeat(256);
  assertEquals(parse(`?user_id=${encodeURIComponent(userId)}`).get("user_id"), userId);
});

Deno.test("an error shows the start of an unknown name, without unusual characters", () => {
  assertRefused(
    "?user_id%0d%0aX:=1",
    'Unknown query parameter "user_id??X:"; use "user_id" or "other"',
  );
  assertRefused("?%e2%80%aeresu=1", '"?resu"');
  assertRefused(`?${"y".repeat(3000)}=1`, `"${"y".repeat(40)}…"`);
  assertRefused(`?${encodeURIComponent("\u{1f600}".repeat(100))}`, `"${"\u{1f600}".repeat(40)}…"`);
  assertRefused("?%22%3E%3Cb=1", `"'><b"`);
});

Deno.test("every query has few parameters with known names, or is refused", () => {
  const pieces = [
    "user_id",
    "other",
    "=",
    "&",
    "%",
    "+",
    "%75",
    "%00",
    "x",
    "\ud800",
    "\u0130",
    "#",
  ];
  fc.assert(fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 20 }), (text) => {
    try {
      const names = [...parse(`?${text.join("")}`).keys()];
      assert(names.every((name) => name === "user_id" || name === "other"));
    } catch (error) {
      assert(error instanceof Problem, String(error));
    }
  }));
});
