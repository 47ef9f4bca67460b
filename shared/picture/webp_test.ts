import { assertEquals } from "@std/assert";
import { readWebp } from "./webp.ts";
import { riffChunk, webpOf } from "../../tests/support/webp.ts";
import { concatBytes } from "../../tests/support/png.ts";

const SIZE = { width: 300, height: 200 };
/** The start of a lossy frame of 300 x 200 pixels. */
const LOSSY = riffChunk("VP8 ", [0, 0, 0, 0x9d, 0x01, 0x2a, 300 & 0xff, 300 >> 8, 200, 0, 0, 0]);
const LOSSLESS = riffChunk("VP8L", [0x2f, 299 & 0xff, (299 >> 8) | ((199 & 3) << 6), 199 >> 2, 0]);
const canvas = (flags: number) =>
  riffChunk("VP8X", [flags, 0, 0, 0, 299 & 0xff, 299 >> 8, 0, 199, 0, 0]);
const PICTURES: [string, Uint8Array, heldPixelBytes: number][] = [
  ["lossy", webpOf(LOSSY), 0],
  ["lossless", webpOf(LOSSLESS), 4],
  ["extended", webpOf(canvas(0), LOSSY), 0],
  ["extended lossless", webpOf(canvas(0), riffChunk("ICCP", [0, 0]), LOSSLESS), 4],
];

const kind = (bytes: Uint8Array): string => readWebp(bytes).kind;

Deno.test("the size of a WebP is that of its frame or its canvas; lossless frames are held", () => {
  for (const [label, bytes, heldPixelBytes] of PICTURES) {
    const heldBytes = 300 * 200 * heldPixelBytes;
    assertEquals(readWebp(bytes), { kind: "sound", ...SIZE, heldBytes }, label);
  }
});

Deno.test("an animated WebP is held as a whole", () => {
  const animated = webpOf(canvas(2), riffChunk("ANIM", Array(6).fill(0)), riffChunk("ANMF"));
  assertEquals(readWebp(animated), { kind: "sound", ...SIZE, heldBytes: 300 * 200 * 6 });
});

Deno.test("every beginning of a WebP is refused, and bytes after its end are ignored", () => {
  for (const [label, bytes] of PICTURES) {
    for (let length = 12; length < bytes.length; length++) {
      assertEquals(kind(bytes.subarray(0, length)), "damaged", `${label}: ${length} bytes`);
    }
    assertEquals(kind(concatBytes(bytes, bytes)), "sound", label);
  }
});

Deno.test("a WebP with wrong lengths or without a frame is refused", () => {
  const declaring = (bytes: number) => {
    const copy = PICTURES[0]![1].slice();
    new DataView(copy.buffer).setUint32(4, bytes, true);
    return copy;
  };
  const cases: [string, Uint8Array][] = [
    ["declares nothing", declaring(0)],
    ["declares too much", declaring(0xffffffff)],
    ["ends inside the frame", declaring(20)],
    ["an unknown first chunk", webpOf(riffChunk("ABCD"), LOSSY)],
    ["a canvas alone", webpOf(canvas(0))],
    ["a short canvas", webpOf(riffChunk("VP8X", [0, 0]), LOSSY)],
    ["no key frame", webpOf(riffChunk("VP8 ", Array(12).fill(0)))],
    ["no lossless frame", webpOf(riffChunk("VP8L", Array(12).fill(0)))],
  ];
  for (const [label, bytes] of cases) assertEquals(kind(bytes), "damaged", label);
});

Deno.test("up to 4,096 chunks are read", () => {
  for (const type of ["ANMF", "EXIF", "ABCD"]) {
    const chunks = (count: number) =>
      webpOf(canvas(2), ...Array<Uint8Array>(count).fill(riffChunk(type)));
    assertEquals([kind(chunks(4096)), kind(chunks(4097))], ["sound", "excessive"], type);
  }
});

Deno.test("EXIF data that begins like a JPEG is refused", () => {
  const exif = riffChunk("EXIF", [0xff, 0xe1, 0, 9, 0x45, 0x78]);
  assertEquals(kind(webpOf(canvas(8), LOSSY, exif)), "excessive");
});
