import { assert, assertEquals } from "@std/assert";
import { ExifDirectories } from "./exif_directories.ts";
import { exifLoop, exifOf } from "../../tests/support/exif.ts";
import { concatBytes } from "../../tests/support/png.ts";

const prefixed = (tiff: Uint8Array) => concatBytes(new TextEncoder().encode("Exif\0\0"), tiff);

Deno.test("the directories of a camera are few enough", () => {
  const camera = exifOf([[0x0112, 6], [0x8769, 8000], [0x8825, 9000], [0xa005, 9500]]);
  const directories = new ExifDirectories();
  assert(directories.take(camera));
  assert(directories.takeSegment(prefixed(camera)));
});

Deno.test("entries that point to their own directory are refused", () => {
  for (const entries of [1, 2, 16, 100, 5000]) {
    assertEquals(new ExifDirectories().take(exifLoop(entries)), false, `${entries} entries`);
    assertEquals(new ExifDirectories().takeSegment(prefixed(exifLoop(entries))), false);
  }
});

Deno.test("the directories of several segments count together", () => {
  const directories = new ExifDirectories();
  const segments = Array.from({ length: 20 }, () => directories.takeSegment(prefixed(exifOf([]))));
  assertEquals(segments.filter((accepted) => accepted).length, 16);
});

Deno.test("what is no EXIF data does not count", () => {
  const directories = new ExifDirectories();
  for (let i = 0; i < 100; i++) {
    assert(directories.takeSegment(exifLoop(100)), "another segment");
    assert(directories.take(new Uint8Array(i)), "zeros");
    assert(directories.take(exifLoop(100).subarray(0, 7)), "too short");
    assert(directories.take(exifOf([]).map((byte, i) => i === 4 ? 0xff : byte)), "far away");
  }
});
