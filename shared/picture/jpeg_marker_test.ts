import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type JpegMarker, nextJpegMarker } from "./jpeg_marker.ts";

/** Looks at one byte after another. */
function nextByByte(bytes: Uint8Array, from: number): JpegMarker | undefined {
  for (let at = from; at + 1 < bytes.length; at++) {
    const code = bytes[at + 1]!;
    const skipped = code === 0 || code === 0xff || (code >= 0xd0 && code <= 0xd7);
    if (bytes[at] === 0xff && !skipped) return { code, end: at + 2 };
  }
  return undefined;
}

Deno.test("the next marker is found, at any offset and alignment", () => {
  const byte = fc.oneof(
    { weight: 20, arbitrary: fc.constant(7) },
    fc.constantFrom(0xff, 0, 0xd0, 0xd9, 0xda, 0x80, 0xfe),
  );
  fc.assert(fc.property(
    fc.array(byte, { maxLength: 300 }),
    fc.nat(8),
    fc.nat(8),
    (values, before, from) => {
      const bytes = Uint8Array.from([...Array<number>(before).fill(0xff), ...values])
        .subarray(before);
      assertEquals(nextJpegMarker(bytes, from), nextByByte(bytes, from));
    },
  ));
});
