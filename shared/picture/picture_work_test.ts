// Tests that the work of the check grows with the size of a picture only, whatever its parts are.
// The tests count bytes that are read, and bytes that are taken out. They measure no time.

import { assert } from "@std/assert";
import { countedBytes } from "../../tests/support/counted_bytes.ts";
import { emptyJpeg, segment, withSegments } from "../../tests/support/jpeg.ts";
import { chunk, concatBytes, pngOf } from "../../tests/support/png.ts";
import { riffChunk, webpOf } from "../../tests/support/webp.ts";
import { readJpeg } from "./jpeg.ts";
import { readPng } from "./png.ts";
import type { Structure } from "./structure.ts";
import { readWebp } from "./webp.ts";

/** Reads that do not depend on the size of a picture: of its header. */
const FIXED_READS = 200;
const SIZE = { width: 8, height: 8 };
const FILLING_BYTES = 100_000;

const filling = (piece: Uint8Array | readonly number[]): Uint8Array =>
  Uint8Array.from({ length: FILLING_BYTES }, (_, i) => piece[i % piece.length]!);

/** Reads a picture. Returns how often a byte was read. */
function readsOf(picture: Uint8Array, read: (bytes: Uint8Array) => Structure): number {
  const counted = countedBytes(picture);
  read(counted.bytes);
  assert(counted.taken() <= picture.length + FIXED_READS, `${counted.taken()} were taken out`);
  return counted.reads();
}

function assertLinear(picture: Uint8Array, read: (bytes: Uint8Array) => Structure, label: string) {
  const reads = readsOf(picture, read);
  assert(reads <= 2 * picture.length + FIXED_READS, `${reads} of ${picture.length}: ${label}`);
}

const JPEG_PIECES: readonly (readonly number[])[] = [
  ...[[0], [7, 7, 7, 0xff, 0], [0xff], [0xff, 0], [0xff, 0xd0], [0xff, 0x01], [0xff, 0x02]],
  ...[[0xff, 0xbf], [0xff, 0xc4], [0xff, 0xc4, 0, 2], [0xff, 0xd8], [0xff, 0xd9, 7]],
  ...[[0xff, 0xda], [0xff, 0xe1, 0, 8, 0x45, 0x78, 0x69, 0x66, 0, 0], [0xff, 0xfe, 0, 9]],
];

Deno.test("each byte of a JPEG is read at most twice", () => {
  for (const frame of [0xc0, 0xc2]) {
    const jpeg = emptyJpeg({ ...SIZE, frame });
    for (const piece of JPEG_PIECES) {
      const middle = filling(piece), end = jpeg.length - 2;
      assertLinear(withSegments(jpeg, middle), readJpeg, `${piece} before the frame`);
      for (const after of [jpeg.subarray(end), new Uint8Array(1)]) {
        const bytes = concatBytes(jpeg.subarray(0, end), middle, after);
        assertLinear(bytes, readJpeg, `${piece} in the scan of ${frame}`);
      }
    }
  }
});

Deno.test("markers without number end the check at once, except for restart markers", () => {
  const head = emptyJpeg({ ...SIZE, frame: 0xc2 }).subarray(0, -2);
  const single = emptyJpeg(SIZE).subarray(0, -2);
  for (const code of [0x01, 0x02, 0x7f, 0xbf]) {
    const reads = readsOf(concatBytes(head, filling([0xff, code])), readJpeg);
    assert(reads < 5000, `${reads} reads of progressive ${code}`);
  }
  for (const code of [0x01, 0x02, 0xc4, 0xd8, 0xda, 0xfe]) {
    const reads = readsOf(concatBytes(single, filling([0xff, code])), readJpeg);
    assert(reads < 5000, `${reads} reads of ${code}`);
  }
  const first = readsOf(concatBytes(Uint8Array.of(0xff, 0xd8), filling([0xff, 1])), readJpeg);
  assert(first < 5000, `${first} reads before the frame`);
  const segments = readsOf(withSegments(single, filling(segment(0xe5))), readJpeg);
  assert(segments < 10_000, `${segments} reads of segments`);
});

Deno.test("each byte of a PNG is read at most twice", () => {
  for (const type of ["tEXt", "zTXt", "iTXt", "iCCP", "eXIf", "tRNS", "IDAT", "fdAT", "abCd"]) {
    for (const content of [0, 1, 100, 5000]) {
      const piece = chunk(type, new Uint8Array(content).fill(7));
      const picture = pngOf(SIZE, filling(piece), chunk("IDAT"), chunk("IEND"));
      assertLinear(picture, readPng, `${type} of ${content}`);
    }
  }
});

Deno.test("each byte of a WebP is read at most twice", () => {
  const canvas = riffChunk("VP8X", [2, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
  for (const type of ["ANMF", "EXIF", "ICCP", "ABCD"]) {
    for (const content of [0, 1, 100, 5000]) {
      const piece = riffChunk(type, new Uint8Array(content).fill(7));
      assertLinear(webpOf(canvas, filling(piece)), readWebp, `${type} of ${content}`);
    }
  }
});
