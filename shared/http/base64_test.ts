import fc from "fast-check";
import { assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../contract/problem.ts";
import { decodeBase64 } from "./base64.ts";

Deno.test("every kind of base64 that clients send is decoded", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    const standard = bytes.toBase64();
    const urlSafe = bytes.toBase64({ alphabet: "base64url" });
    for (
      const text of [
        standard,
        standard.replaceAll("=", ""),
        urlSafe,
        urlSafe.replaceAll("=", ""),
        standard.replaceAll(/.{8}/g, "$&\r\n"),
        ` ${urlSafe}\n`,
        `data:image/png;base64,${standard}`,
        `data:image/png;base64,${urlSafe}`,
      ]
    ) {
      assertEquals([...decodeBase64(text)], [...bytes], text);
    }
  }));
});

Deno.test("the prefix of a data: URL may have any media type and parameters", () => {
  for (
    const prefix of [
      ...["data:;base64,", "DATA:IMAGE/PNG;BASE64,", "data:image/jpeg;charset=utf-8;base64,"],
      ...[
        "data:image/svg+xml;name=a%20b.jpg;base64,",
        "data:image/png; base64,",
        "data:x/y;base64, ",
      ],
    ]
  ) {
    assertEquals(decodeBase64(prefix + "/+A="), Uint8Array.of(0xff, 0xe0), prefix);
  }
});

Deno.test("other text is refused with a hint, and the error does not repeat it", () => {
  for (
    const [text, detail] of [
      ["not*base64", "image_base64 is not valid base64"],
      ["iVBORw0KG", "image_base64 is not valid base64"],
      ["/+A=/+A=", "not valid base64"],
      ["/-A=", "not valid base64"],
      ["ÿà", "not valid base64"],
      ["\u{1f600}", "not valid base64"],
      ["data:image/png,%89PNG", "the data: URL has no base64"],
      [`data:${"x".repeat(300)};base64,/+A=`, "the data: URL has no base64"],
      ["https://example.test/me.jpg", "the address of a picture"],
      ["%2F9j%2F4AAQSk", "percent-encoded"],
      ["data:image/png;base64,%2B%2F", "percent-encoded"],
    ] as const
  ) {
    const problem = assertThrows(() => decodeBase64(text), Problem, detail);
    assertEquals([problem.code, problem.message.includes(text)], ["invalid_request", false]);
  }
});
