import { assert, assertEquals } from "@std/assert";
import { readPng } from "./png.ts";
import { chunk, concatBytes, png, type PngHeader, pngOf } from "../../tests/support/png.ts";

const SIZE = { width: 3, height: 2 };
const row = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const PNG = png(SIZE, [row, row]);
/** Length of the signature and the header. */
const HEAD = 33;

const kind = (bytes: Uint8Array): string => readPng(bytes).kind;
const withChunks = (...chunks: readonly Uint8Array[]) => png(SIZE, [row, row], chunks);

/** Returns the picture with other bytes in its header. */
function changed(offset: number, ...bytes: number[]): Uint8Array {
  const copy = PNG.slice();
  copy.set(bytes, 16 + offset);
  return copy;
}

Deno.test("the size of a PNG is that of its header", () => {
  assertEquals(readPng(PNG), { kind: "sound", ...SIZE, heldBytes: 0 });
});

Deno.test("an interlaced PNG is held as a whole", () => {
  const cases: [colourType: number, bitDepth: number, bytesPerPixel: number][] = [
    [0, 1, 1],
    [0, 16, 2],
    [2, 8, 3],
    [2, 16, 6],
    [3, 4, 3],
    [4, 8, 2],
    [6, 8, 4],
    [6, 16, 8],
  ];
  for (const [colourType, bitDepth, bytes] of cases) {
    const header: PngHeader = { ...SIZE, colourType, bitDepth };
    const picture = pngOf(header, chunk("IDAT"), chunk("IEND"));
    assertEquals(readPng(picture), { kind: "sound", ...SIZE, heldBytes: 0 });
    picture[16 + 12] = 1;
    assertEquals(readPng(picture), { kind: "sound", ...SIZE, heldBytes: 6 * bytes });
  }
});

Deno.test("transparency in a chunk of its own adds a channel", () => {
  const cases: [colourType: number, bitDepth: number, bytesPerPixel: number][] = [
    [0, 1, 2],
    [0, 16, 4],
    [2, 8, 4],
    [2, 16, 8],
    [3, 4, 4],
    [4, 8, 2],
    [6, 16, 8],
  ];
  for (const [colourType, bitDepth, bytes] of cases) {
    const header: PngHeader = { ...SIZE, colourType, bitDepth };
    const picture = pngOf(header, chunk("tRNS"), chunk("IDAT"), chunk("IEND"));
    assertEquals(readPng(picture), { kind: "sound", ...SIZE, heldBytes: 0 });
    picture[16 + 12] = 1;
    assertEquals(readPng(picture), { kind: "sound", ...SIZE, heldBytes: 6 * bytes });
  }
});

Deno.test("texts and profiles count as large as they may become: up to four of 8 MB", () => {
  const keyword = [0x6b, 0];
  const compressed: [type: string, start: number[]][] = [
    ["zTXt", [...keyword, 0]],
    ["iTXt", [...keyword, 1, 0, 0, 0]],
    ["iTXt", Array(90).fill(7)],
    ["iCCP", [...keyword, 0]],
  ];
  const texts = (type: string, start: number[], bytes: number, count: number) => {
    const content = new Uint8Array(bytes);
    content.set(start);
    return kind(withChunks(...Array<Uint8Array>(count).fill(chunk(type, content))));
  };
  for (const [type, start] of compressed) {
    assertEquals([texts(type, start, 7752, 4), texts(type, start, 7752, 5)], [
      "sound",
      "excessive",
    ]);
    // Properties of pictures are short, even when ImageMagick compresses them.
    assertEquals(texts(type, start, 120, 255), "sound");
  }
  for (const [type, start] of [["tEXt", keyword], ["iTXt", [...keyword, 0, 0, 0, 0]]] as const) {
    assertEquals(texts(type, [...start], 100_000, 100), "sound");
  }
  assertEquals(
    kind(withChunks(...compressed.map(([type, start]) => {
      const content = new Uint8Array(7753);
      content.set(start);
      return chunk(type, content);
    }))),
    "sound",
  );
});

Deno.test("the texts of an interlaced PNG count as memory, when they are large", () => {
  const held = (textBytes: number): number => {
    const texts = [chunk("tEXt", new Uint8Array(textBytes)), chunk("zTXt", new Uint8Array(9))];
    const picture = withChunks(...texts);
    assertEquals(readPng(picture), { kind: "sound", ...SIZE, heldBytes: 0 });
    picture[16 + 12] = 1;
    const structure = readPng(picture);
    assert(structure.kind === "sound");
    return structure.heldBytes;
  };
  assertEquals(held(1000), 3 * 2 * 3);
  assertEquals(held(1_000_000), 3 * 2 * 3 + 7 * (1_000_000 + 9 * 1032));
});

Deno.test("every beginning of a PNG is refused, and bytes after its end are ignored", () => {
  for (let length = 8; length < PNG.length; length++) {
    assertEquals(kind(PNG.subarray(0, length)), "damaged", `${length} bytes`);
  }
  assertEquals(kind(concatBytes(PNG, PNG)), "sound");
});

Deno.test("a PNG with a wrong header or without pixels is refused", () => {
  const cases: [string, Uint8Array][] = [
    ["no columns", changed(0, 0, 0, 0, 0)],
    ["no rows", changed(4, 0, 0, 0, 0)],
    ["3 bits", changed(8, 3)],
    ["a palette of 16 bits", changed(8, 16, 3)],
    ["colour type 5", changed(9, 5)],
    ["compression", changed(10, 1)],
    ["filter", changed(11, 1)],
    ["interlacing", changed(12, 2)],
    ["another first chunk", concatBytes(PNG.subarray(0, 8), chunk("tEXt"), PNG.subarray(8))],
    ["a chunk that reaches beyond the end", withChunks(Uint8Array.of(0x7f, 0xff, 0xff, 0xff))],
    ["no pixels", pngOf(SIZE, chunk("IEND"))],
    ["pixels after the end", concatBytes(PNG.subarray(0, HEAD), chunk("IEND"), PNG.subarray(HEAD))],
  ];
  for (const [label, bytes] of cases) assertEquals(kind(bytes), "damaged", label);
});

Deno.test("up to 256 chunks without pixels and 65,536 with pixels are read", () => {
  const chunks = (type: string, count: number) => {
    const one = chunk(type);
    return withChunks(Uint8Array.from({ length: one.length * count }, (_, i) => one[i % 12]!));
  };
  for (const type of ["tEXt", "zTXt", "abCd"]) {
    // The end chunk does not count.
    assertEquals([kind(chunks(type, 256)), kind(chunks(type, 257))], ["sound", "excessive"]);
  }
  for (const type of ["IDAT", "fdAT", "fcTL"]) {
    assertEquals([kind(chunks(type, 65_535)), kind(chunks(type, 65_536))], ["sound", "excessive"]);
  }
});
