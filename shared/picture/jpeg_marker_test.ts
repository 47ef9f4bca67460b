import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { JpegMarkers } from "./jpeg_marker.ts";

/** Looks at one byte after another. Returns the code of the next marker, and its end. */
function nextByByte(bytes: Uint8Array, from: number): [code: number, end: number] | undefined {
  for (let at = from; at + 1 < bytes.length; at++) {
    const code = bytes[at + 1]!;
    const skipped = code === 0 || code === 0xff || (code >= 0xd0 && code <= 0xd7);
    if (bytes[at] === 0xff && !skipped) return [code, at + 2];
  }
  return undefined;
}

Deno.test("the next marker is found, at any offset", () => {
  const byte = fc.oneof(
    { weight: 20, arbitrary: fc.constant(7) },
    fc.constantFrom(0xff, 0, 0xd0, 0xd9, 0xda, 0x80, 0xfe),
  );
  fc.assert(fc.property(fc.array(byte, { maxLength: 300 }), fc.nat(8), (values, from) => {
    const bytes = Uint8Array.from(values);
    const markers = new JpegMarkers(bytes);
    const code = markers.next(from);
    assertEquals(code === undefined ? undefined : [code, markers.end], nextByByte(bytes, from));
  }));
});
