import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { decode } from "./decode.ts";
import { chunk, concatBytes, png } from "../../tests/support/png.ts";

const LIMITS = { maxPixels: 1_000_000 };
const ORANGE = "#c86432";
const RED = [255, 0, 0], BLUE = [0, 0, 255], WHITE = [255, 255, 255];

/** Returns the pixels of a picture, row by row. */
async function pixels(bytes: Uint8Array): Promise<number[][]> {
  const { width, height, data } = await decode(bytes, LIMITS);
  assertEquals(data.length, width * height * 3);
  return Array.from({ length: width * height }, (_, i) => [...data.subarray(i * 3, i * 3 + 3)]);
}

async function assertOrange(bytes: Uint8Array, tolerance: number, label: string): Promise<void> {
  for (const pixel of await pixels(bytes)) {
    [200, 100, 50].forEach((value, i) => {
      assertAlmostEquals(pixel[i]!, value, tolerance, `${label}: ${pixel}`);
    });
  }
}

const orange = (width = 8, height = 8) =>
  sharp({ create: { width, height, channels: 3, background: ORANGE } });
const gray = (...values: number[]) => values.map((value) => [value, value, value]);

Deno.test("a gray PNG keeps its gray values at every bit depth", async () => {
  const cases: [bitDepth: number, row: number[], values: number[]][] = [
    [1, [0b01000000], [0, 255]],
    [2, [0b00_01_10_11], [0, 85, 170, 255]],
    [4, [0x0f, 0x5a], [0, 255, 85, 170]],
    [8, [0, 1, 128, 255], [0, 1, 128, 255]],
    [16, [0x00, 0xff, 0x80, 0x00, 0xff, 0xff], [0, 128, 255]],
  ];
  for (const [bitDepth, row, values] of cases) {
    const bytes = png({ width: values.length, height: 1, bitDepth, colourType: 0 }, [row]);
    assertEquals(await pixels(bytes), gray(...values), `${bitDepth} bits`);
  }
});

Deno.test("a PNG with a palette gets the colours of the palette, at every bit depth", async () => {
  const palette = chunk("PLTE", Uint8Array.of(...RED, ...BLUE, ...WHITE));
  for (const [bitDepth, row] of [[1, 0b01000000], [2, 0b00_01_0000], [4, 0x01], [8, 0]] as const) {
    const bytes = png({ width: 2, height: 1, bitDepth, colourType: 3 }, [
      bitDepth === 8 ? [0, 1] : [row],
    ], [palette]);
    assertEquals(await pixels(bytes), [RED, BLUE], `${bitDepth} bits`);
  }
});

Deno.test("a PNG with 16 bits per channel becomes a picture with 8 bits per channel", async () => {
  const row = [0x12, 0x34, 0x80, 0x00, 0xff, 0xff];
  const bytes = png({ width: 1, height: 1, bitDepth: 16 }, [row]);
  assertEquals(await pixels(bytes), [[0x12, 0x80, 0xff]]);
});

Deno.test("parts that are transparent by alpha, palette or key become white", async () => {
  const half = [[255, 127, 127]];
  const cases: [string, Uint8Array, number[][]][] = [
    ["RGBA", png({ width: 1, height: 1, colourType: 6 }, [[255, 0, 0, 128]]), half],
    ["clear RGBA", png({ width: 1, height: 1, colourType: 6 }, [[255, 0, 0, 0]]), [WHITE]],
    ["gray and alpha", png({ width: 1, height: 1, colourType: 4 }, [[0, 0]]), [WHITE]],
    [
      "16-bit RGBA",
      png({ width: 1, height: 1, bitDepth: 16, colourType: 6 }, [[255, 255, 0, 0, 0, 0, 128, 0]]),
      half,
    ],
    [
      "palette",
      png({ width: 2, height: 1, colourType: 3 }, [[0, 1]], [
        chunk("PLTE", Uint8Array.of(...BLUE, ...RED)),
        chunk("tRNS", Uint8Array.of(0, 128)),
      ]),
      [WHITE, ...half],
    ],
    [
      "key",
      png({ width: 2, height: 1 }, [[...BLUE, ...RED]], [
        chunk("tRNS", Uint8Array.of(0, 0, 0, 0, 0, 255)),
      ]),
      [WHITE, RED],
    ],
  ];
  const background = { r: 255, g: 0, b: 0, alpha: 0.5 };
  const webp = sharp({ create: { width: 1, height: 1, channels: 4, background } });
  cases.push(["WebP", await webp.webp({ lossless: true }).toBuffer(), half]);
  for (const [kind, bytes, expected] of cases) {
    const actual = await pixels(bytes);
    expected.flat().forEach((value, i) => {
      assertAlmostEquals(actual.flat()[i]!, value, 1, `${kind}: ${actual}`);
    });
  }
});

Deno.test("interlaced, progressive, subsampled and gray pictures keep their colour", async () => {
  await assertOrange(await orange(9, 7).png({ progressive: true }).toBuffer(), 0, "interlaced PNG");
  for (const chromaSubsampling of ["4:4:4", "4:2:0"]) {
    for (const progressive of [false, true]) {
      const bytes = await orange(9, 7).jpeg({ progressive, chromaSubsampling }).toBuffer();
      await assertOrange(bytes, 3, `JPEG ${chromaSubsampling} ${progressive}`);
    }
  }
  await assertOrange(await orange().webp().toBuffer(), 4, "WebP");
  const grayJpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#777" } })
    .toColourspace("b-w").jpeg().toBuffer();
  assertEquals((await sharp(grayJpeg).metadata()).channels, 1);
  for (const pixel of await pixels(grayJpeg)) assertEquals(pixel, [0x77, 0x77, 0x77]);
});

Deno.test("in a CMYK JPEG, 255 means no ink, as in browsers, with and without a marker or profile", async () => {
  const white = sharp({ create: { width: 8, height: 8, channels: 3, background: "white" } });
  const adobe = await white.toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
  const marker = adobe.indexOf("Adobe") - 4;
  assertEquals([...adobe.subarray(marker, marker + 2)], [0xff, 0xee]);
  const length = adobe.readUInt16BE(marker + 2) + 2;
  const plain = concatBytes(adobe.subarray(0, marker), adobe.subarray(marker + length));
  assertEquals((await sharp(plain).metadata()).space, "cmyk");
  for (const pixel of [...await pixels(adobe), ...await pixels(plain)]) {
    assert(pixel.every((value) => value > 250), `${pixel}`);
  }

  const profiled = await orange().withIccProfile("cmyk").jpeg({ quality: 100 }).toBuffer();
  assertEquals((await sharp(profiled).metadata()).space, "cmyk");
  // This orange is at the limit of what ink can show.
  await assertOrange(profiled, 30, "CMYK with a profile");
});

Deno.test("only the first frame of an animation is decoded", async () => {
  const frames = ["red", "lime", "blue"].map((background) =>
    sharp({ create: { width: 4, height: 3, channels: 3, background } }).png().toBuffer()
  );
  const animation = sharp(await Promise.all(frames), { join: { animated: true } });
  const webp = await animation.webp({ lossless: true, delay: [100, 100, 100] }).toBuffer();
  assertEquals((await sharp(webp).metadata()).pages, 3);
  assertEquals(await pixels(webp), Array(12).fill(RED));

  // An animated PNG is a PNG with additional chunks. Readers that do not know them ignore them.
  const frameControl = (sequence: number) =>
    chunk("fcTL", Uint8Array.of(...u32(sequence, 1, 1, 0, 0), 0, 1, 0, 10, 0, 0));
  const apng = png({ width: 1, height: 1 }, [RED], [
    chunk("acTL", Uint8Array.of(...u32(2, 0))),
    frameControl(0),
  ]);
  const blue = deflateSync(Uint8Array.of(0, ...BLUE));
  const second = [frameControl(1), chunk("fdAT", Uint8Array.of(...u32(2), ...blue))];
  const end = apng.length - 12;
  assertEquals(
    await pixels(concatBytes(apng.subarray(0, end), ...second, apng.subarray(end))),
    [RED],
  );
});

Deno.test("a picture in another colour space becomes sRGB", async () => {
  const displayP3 = await orange().withIccProfile("p3").png().toBuffer();
  const [asStored] = await sharp(displayP3).raw({ depth: "uchar" }).keepIccProfile().toBuffer();
  assert(asStored !== 200, "The stored numbers are not those of sRGB");
  await assertOrange(displayP3, 1, "Display P3");

  // The expected values follow from the formulas of both colour spaces, adapted to D50.
  const adobe = png({ width: 2, height: 1 }, [[150, 120, 90, 100, 140, 120]], [
    iccChunk(adobeRgb()),
  ]);
  assertNear(await pixels(adobe), [[161.6, 120.8, 87.9], [75.8, 141.3, 119.8]]);
});

Deno.test("a damaged colour profile is ignored", async () => {
  const profile = adobeRgb();
  for (
    const damaged of [
      new Uint8Array(),
      profile.subarray(0, 100),
      profile.map((byte) => byte ^ 0x55),
    ]
  ) {
    assertEquals(await pixels(png({ width: 1, height: 1 }, [RED], [iccChunk(damaged)])), [RED]);
  }
});

function assertNear(actual: number[][], expected: number[][]): void {
  expected.flat().forEach((value, i) => assertAlmostEquals(actual.flat()[i]!, value, 1.5));
}

const u32 = (...values: number[]): number[] =>
  values.flatMap((
    value,
  ) => [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]);
const s15Fixed16 = (value: number): number[] => u32(Math.round(value * 65_536));
const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];

const iccChunk = (profile: Uint8Array) =>
  chunk("iCCP", concatBytes(Uint8Array.of(...ascii("x\0\0")), deflateSync(profile)));

/** Returns the profile of Adobe RGB (1998): a matrix and a gamma (ICC.1:2001-04). */
function adobeRgb(): Uint8Array {
  const xyz = (...values: number[]) => [...ascii("XYZ \0\0\0\0"), ...values.flatMap(s15Fixed16)];
  const gamma = [...ascii("curv\0\0\0\0"), ...u32(1), 2, 51, 0, 0];
  const tags: [string, number[]][] = [
    ["wtpt", xyz(0.9642, 1, 0.8249)],
    ["rXYZ", xyz(0.60974, 0.31111, 0.01947)],
    ["gXYZ", xyz(0.20528, 0.62567, 0.06087)],
    ["bXYZ", xyz(0.14919, 0.06322, 0.74457)],
    ["rTRC", gamma],
    ["gTRC", gamma],
    ["bTRC", gamma],
  ];
  let offset = 128 + 4 + tags.length * 12;
  const table: number[] = [], data: number[] = [];
  for (const [name, bytes] of tags) {
    table.push(...ascii(name), ...u32(offset, bytes.length));
    data.push(...bytes);
    offset += bytes.length;
  }
  const header = [
    ...u32(offset),
    ...ascii("lcms"),
    ...u32(0x02400000),
    ...ascii("mntrRGB XYZ "),
    ...u32(0, 0, 0),
    ...ascii("acsp"),
    ...Array<number>(28).fill(0),
    ...xyz(0.9642, 1, 0.8249).slice(8),
    ...Array<number>(48).fill(0),
  ];
  return Uint8Array.of(...header, ...u32(tags.length), ...table, ...data);
}
