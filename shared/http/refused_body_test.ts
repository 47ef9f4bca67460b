import { assertEquals, assertStringIncludes } from "@std/assert";
import { PICTURE_FORMATS } from "../contract/image_type.ts";
import { refusedBody } from "./refused_body.ts";

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const JPEG_BASE64 = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0x10).toBase64();

const EXPECTED: readonly (readonly [start: string, detail: string])[] = [
  ["GIF89a", "GIF is not supported"],
  ["II*\0\x08\0\0\0", "TIFF or raw is not supported"],
  ["MM\0*\0\0\0\x08", "TIFF or raw is not supported"],
  ["BM\x36\0", "BMP is not supported"],
  ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC is not supported"],
  ["\0\0\0\x18ftyphevc", "HEIC is not supported"],
  ["\0\0\0\x18ftypmif1", "HEIF is not supported"],
  ["\0\0\0\x1cftypavif", "AVIF is not supported"],
  ["\0\0\0\x18ftypmp42", "MP4 is not supported"],
  ["\xff\x0a", "JPEG XL is not supported"],
  ["\0\0\0\x0cJXL \r\n", "JPEG XL is not supported"],
  ["\0\0\0\x0cjP  \r\n", "JPEG 2000 is not supported"],
  ["%PDF-1.7", "PDF is not supported"],
  ['<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG is not supported"],
  ['\xef\xbb\xbf\n<?xml version="1.0"?>', "SVG is not supported"],
  ["<!DOCTYPE html><html>", "HTML or XML is not supported"],
  ['{"image_base64":"', "Content-Type application/json"],
  [' \r\n[{"image', "Content-Type application/json"],
  ["------WebKitFormBoundaryx\r\nContent-Disposition", "Content-Type multipart/form-data"],
  ["\r\n--b\r\n", "Content-Type multipart/form-data"],
  [`data:image/jpeg;base64,${JPEG_BASE64}`, "This is a data: URL"],
  [JPEG_BASE64, "This is base64"],
  [`\n${JPEG_BASE64}`, "This is base64"],
  ["iVBORw0KGgoAAAANSUhEUg", "This is base64"],
  ["UklGRiQAAABXRUJQ", "This is base64"],
  ["_9j_4AAQSkZJRg", "This is base64"],
  ["image=@photo.jpg", "curl -F"],
  ["user_id=user1&image_base64=%2F9j", "curl -F"],
  ["https://example.test/me.jpg", "This is a URL"],
  ["\x1f\x8b\x08", "gzip"],
  // curl -d removes the line ends of a PNG.
  ["\x89PNG\x1a\0", "--data-binary"],
  ["\x89PNG\n\x1a\n", "--data-binary"],
];

Deno.test("the error for a body that is no picture says what it is and what to do", () => {
  for (const [start, detail] of EXPECTED) {
    for (const rest of ["", "\0".repeat(1000), "x".repeat(1000)]) {
      const problem = refusedBody(latin1(start + rest));
      assertEquals(problem.code, "unsupported_media_type", start);
      assertStringIncludes(problem.message, detail, JSON.stringify(start));
      assertEquals(problem.message.length < 150, true, problem.message);
    }
  }
});

Deno.test("the error for other bytes names the formats", () => {
  for (const start of ["hello", "", "\0", "\xff\xd8", "RIFF....WAVE", "\x89", "ftyp"]) {
    assertEquals(refusedBody(latin1(start)).message, `The picture is not a ${PICTURE_FORMATS}`);
  }
});
