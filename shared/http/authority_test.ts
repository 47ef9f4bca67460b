import fc from "fast-check";
import { assertEquals } from "@std/assert";
import { authoritiesOf, parseAuthority } from "./authority.ts";

Deno.test("a host name is read in its normal form", () => {
  for (
    const [text, hostname, port] of [
      ["localhost", "localhost", ""],
      ["LOCALHOST.", "localhost", ""],
      ["face_it.Example.ORG:8080", "face_it.example.org", "8080"],
      ["127.0.0.1:80", "127.0.0.1", ""],
      ["127.1", "127.0.0.1", ""],
      ["[::1]:8080", "[::1]", "8080"],
      ["[0:0:0:0:0:0:0:1]", "[::1]", ""],
      ["[::FFFF:127.0.0.1]", "[::ffff:7f00:1]", ""],
      ["localhost:", "localhost", ""],
    ] as const
  ) {
    assertEquals(parseAuthority(text), { hostname, port }, text);
  }
  assertEquals(parseAuthority("a:443", "https:"), { hostname: "a", port: "" });
});

Deno.test("a text that is no host name is not read", () => {
  for (
    const text of [
      "",
      ".",
      "..",
      ":80",
      "a b",
      "a/b",
      "a?b",
      "a#b",
      "a\\b",
      "u@localhost",
      "u:p@localhost",
      "a%2fb",
      "a:b:c",
      "::1",
      "[::1",
      "[::1%lo]",
      "[]",
      "[v1.a]",
      "localhost:99999",
      "localhost:-1",
      "localhost,evil.test",
      "ex\u00e9.test",
      "256.256.256.256",
    ]
  ) {
    assertEquals(parseAuthority(text), undefined, text);
  }
});

Deno.test("the form of a host name does not change when it is read again", () => {
  fc.assert(fc.property(fc.oneof(fc.webAuthority(), fc.string(), fc.domain()), (text) => {
    const once = parseAuthority(text);
    if (once !== undefined) {
      assertEquals(parseAuthority(once.hostname), { ...once, port: "" });
    }
  }));
});

Deno.test("a request names its host in the Host header and in its URL", () => {
  const of = (url: string, headers: HeadersInit = {}) =>
    authoritiesOf(new Request(url, { headers }));
  assertEquals(of("http://a.test:80/x", { Host: "b.test" }), ["b.test", "a.test"]);
  assertEquals(of("http://a.test/x?y=//z"), ["a.test"]);
  assertEquals(of("http://a.test/x", { Host: "" }), ["a.test"]);
});
