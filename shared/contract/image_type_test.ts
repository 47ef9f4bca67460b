import { assertEquals } from "@std/assert";
import { sniffImageType } from "./image_type.ts";

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number" ? [part] : [...part].map((character) => character.charCodeAt(0))
    ),
  );

Deno.test("JPEG, PNG and WebP are found by their first bytes", () => {
  assertEquals(sniffImageType(bytes(0xff, 0xd8, 0xff, 0xe0, "..JFIF")), "image/jpeg");
  assertEquals(sniffImageType(bytes(0xff, 0xd8, 0xff, 0xe1, "..Exif")), "image/jpeg");
  assertEquals(sniffImageType(bytes(0x89, "PNG\r\n", 0x1a, "\n....")), "image/png");
  assertEquals(sniffImageType(bytes("RIFF....WEBPVP8 ")), "image/webp");
});

Deno.test("other formats have no type", () => {
  for (
    const other of [
      bytes("GIF89a......"),
      bytes("II*", 0, "............"),
      bytes("MM", 0, "*............"),
      bytes(0, 0, 0, 24, "ftypheic...."),
      bytes("%PDF-1.7....."),
      bytes("<svg xmlns='http://www.w3.org/2000/svg'/>"),
      bytes("RIFF....WAVEfmt "),
      bytes("....RIFFWEBP"),
      bytes(0x89, "PNG\n\r", 0x1a, "\n...."),
      bytes(" ", 0xff, 0xd8, 0xff),
    ]
  ) {
    assertEquals(sniffImageType(other), undefined);
  }
});

Deno.test("content that is too short has no type", () => {
  const whole = [
    bytes(0xff, 0xd8, 0xff),
    bytes(0x89, "PNG\r\n", 0x1a, "\n"),
    bytes("RIFF....WEBP"),
  ];
  for (const signature of whole) {
    assertEquals(typeof sniffImageType(signature), "string");
    for (let length = 0; length < signature.length; length++) {
      assertEquals(sniffImageType(signature.subarray(0, length)), undefined);
    }
  }
});

Deno.test("a picture inside a larger buffer is recognised by its own first bytes", () => {
  const buffer = bytes("xx", 0xff, 0xd8, 0xff, "yy");
  assertEquals(sniffImageType(buffer.subarray(2, 5)), "image/jpeg");
});
