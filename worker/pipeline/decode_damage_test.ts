// Tests pictures that must be refused: of the wrong format, damaged, or too large for memory.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import { decode } from "./decode.ts";
import { encoded, sample } from "../../tests/support/pictures.ts";
import { chunk, concatBytes, png, pngOf } from "../../tests/support/png.ts";

const LIMITS = { maxPixels: 51_000_000 };

async function assertRefused(code: ProblemCode, bytes: Uint8Array, label: string): Promise<void> {
  const problem = await assertRejects(() => decode(bytes, LIMITS), Problem);
  assertEquals(problem.code, code, label);
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

const person = sharp(await sample("user1.png")).resize(150);
const FORMATS: [format: string, Uint8Array][] = [
  ["JPEG", await encoded(person.clone().jpeg())],
  ["progressive JPEG", await encoded(person.clone().jpeg({ progressive: true }))],
  ["PNG", await encoded(person.clone().png())],
  ["interlaced PNG", await encoded(person.clone().png({ progressive: true }))],
  ["WebP", await encoded(person.clone().webp())],
  ["lossless WebP", await encoded(person.clone().webp({ lossless: true }))],
];

Deno.test("a truncated picture is refused, wherever it ends", async () => {
  for (const [format, bytes] of FORMATS) {
    assert((await decode(bytes, LIMITS)).data.length > 0);
    for (let sixteenth = 1; sixteenth < 16; sixteenth++) {
      const end = Math.floor(bytes.length * sixteenth / 16);
      await assertRefused("invalid_image", bytes.subarray(0, end), `${format} ${sixteenth}/16`);
    }
    for (const end of [12, 20, 30]) {
      await assertRefused("invalid_image", bytes.subarray(0, end), `${format}: ${end} bytes`);
    }
    await assertRefused("unsupported_media_type", bytes.subarray(0, 2), format);
  }
  await assertRefused("unsupported_media_type", new Uint8Array(), "nothing");
});

Deno.test("bytes after the end of a picture are ignored", async () => {
  for (const [format, bytes] of FORMATS) {
    const { data } = await decode(bytes, LIMITS);
    for (const garbage of [new Uint8Array(1000), text("<script>"), bytes]) {
      assertEquals((await decode(concatBytes(bytes, garbage), LIMITS)).data, data, format);
    }
  }
});

Deno.test("a valid signature that other bytes follow is not a picture", async () => {
  const garbage = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3);
  for (const [format, bytes] of FORMATS) {
    const polyglot = concatBytes(bytes.subarray(0, 12), garbage);
    await assertRefused("invalid_image", polyglot, format);
  }
  const svg = text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  for (const signature of [[0xff, 0xd8, 0xff], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]]) {
    await assertRefused("invalid_image", concatBytes(Uint8Array.from(signature), svg), "SVG");
  }
  await assertRefused("invalid_image", text("RIFF\0\0\0\0WEBP<svg/>"), "SVG");
});

Deno.test("files of other formats are recognised by their content and refused", async () => {
  const others: [string, Uint8Array][] = [
    ["GIF", await person.clone().gif().toBuffer()],
    ["TIFF", await person.clone().tiff().toBuffer()],
    ["AVIF", await person.clone().resize(32).avif({ effort: 0 }).toBuffer()],
    ["SVG", text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ["HEIF", text("\0\0\0\x18ftypheic\0\0\0\0mif1heic")],
    ["PDF", text("%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj")],
    ["JPEG 2000", Uint8Array.of(0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20, 0x0d, 0x0a, 0x87, 0x0a)],
    ["JPEG XL", Uint8Array.of(0xff, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
    ["a PNG after a space", concatBytes(text(" "), FORMATS[2]![1])],
    ["an audio file", text("RIFF\0\0\0\0WAVEfmt ")],
  ];
  for (const [format, bytes] of others) {
    await assertRefused("unsupported_media_type", bytes, format);
  }
});

Deno.test("a tiny file that declares a huge picture is refused because of its header", async () => {
  const pixels = deflateSync(new Uint8Array(30_000));
  const wall = sharp({ create: { width: 8000, height: 6400, channels: 3, background: "gray" } });
  const lossless = await encoded(wall.webp({ lossless: true, effort: 0 }));
  assert(lossless.length < 100);
  const bombs: [string, Uint8Array][] = [
    ["PNG", pngOf({ width: 30_000, height: 30_000 }, chunk("IDAT", pixels), chunk("IEND"))],
    ["JPEG", resized(FORMATS[0]![1], 65_500, 65_500)],
    ["progressive JPEG", resized(FORMATS[1]![1], 65_500, 65_500)],
    ["lossless WebP", lossless],
    ["animated WebP", await largeCanvas(16_000, 16_000)],
  ];
  for (const [format, bytes] of bombs) await assertRefused("payload_too_large", bytes, format);
  const largest = pngOf({ width: 0x7fffffff, height: 0x7fffffff }, chunk("IDAT", pixels));
  await assertRefused("invalid_image", largest, "more than the format allows");
  for (const [width, height] of [[0, 9], [9, 0]] as const) {
    await assertRefused("invalid_image", png({ width, height }, [[]]), `${width} x ${height}`);
  }
});

Deno.test("when pixels are missing, a PNG is refused as damaged, and a JPEG has gray pixels instead", async () => {
  const { data } = await decode(resized(FORMATS[0]![1], 2000, 2000), LIMITS);
  assertEquals([data.length, ...data.subarray(-3)], [2000 * 2000 * 3, 128, 128, 128]);
  const rows = pngOf({ width: 7000, height: 7000 }, chunk("IDAT", deflateSync(new Uint8Array(99))));
  await assertRefused("invalid_image", rows, "PNG");
});

Deno.test("text and profiles that are 1,000 times larger when decompressed are not decompressed", async () => {
  const bomb = deflateSync(new Uint8Array(100_000_000));
  const white = [255, 255, 255];
  for (const [type, head] of [["iCCP", "x\0\0"], ["zTXt", "x\0\0"], ["iTXt", "x\0\x01\0\0\0"]]) {
    const bytes = png({ width: 1, height: 1 }, [white], [
      chunk(type!, concatBytes(text(head!), bomb)),
    ]);
    // Other tests run in the same process at the same time, so one attempt proves nothing.
    const growth: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      const before = Deno.memoryUsage().rss;
      assertEquals([...(await decode(bytes, LIMITS)).data], white, type);
      growth.push(Deno.memoryUsage().rss - before);
    }
    assert(Math.min(...growth) < 50_000_000, `${type} was decompressed: ${growth}`);
  }
});

Deno.test("many texts just below the decoder's limit are refused, and not decompressed", async () => {
  const large = deflateSync(new Uint8Array(7_900_000).fill(65));
  const white = [255, 255, 255];
  for (const [type, head] of [["zTXt", "x\0\0"], ["iTXt", "x\0\x01\0\0\0"], ["iCCP", "x\0\0"]]) {
    const one = chunk(type!, concatBytes(text(head!), large));
    const picture = (count: number) =>
      png({ width: 1, height: 1 }, [white], Array<Uint8Array>(count).fill(one));
    assertEquals([...(await decode(picture(4), LIMITS)).data], white, type);
    for (const count of [5, 31, 255]) {
      const problem = await assertRejects(() => decode(picture(count), LIMITS), Problem);
      assertEquals(problem.code, "invalid_image");
      assertStringIncludes(problem.message, "more parts");
    }
  }
});

Deno.test("a JPEG of a thousand scans is refused, not decoded a thousand times", async () => {
  const [, jpeg] = FORMATS[1]!;
  const scans = [...jpeg.keys()].filter((i) => jpeg[i] === 0xff && jpeg[i + 1] === 0xda);
  const second = jpeg.subarray(scans[1], scans[2]);
  const many = concatBytes(
    jpeg.subarray(0, scans[2]),
    ...Array<Uint8Array>(1000).fill(second),
    jpeg.subarray(scans[2]),
  );
  await assertRefused("invalid_image", many, "1,000 scans");
});

Deno.test("a picture of one pixel, one row or one column is decoded", async () => {
  for (const [width, height] of [[1, 1], [16_383, 1], [1, 16_383]] as const) {
    for (const file of [line(width, height).png(), line(width, height).jpeg()]) {
      const image = await decode(await file.toBuffer(), LIMITS);
      assertEquals([image.width, image.height], [width, height]);
    }
    const { data } = await decode(await line(width, height).webp().toBuffer(), LIMITS);
    assertEquals(data.length, width * height * 3);
  }
});

Deno.test("a picture more than 16,384 pixels wide or high is refused, even a thin one", async () => {
  for (const [width, height] of [[65_500, 1], [1, 65_500], [16_385, 1]] as const) {
    await assertRefused("payload_too_large", await encoded(line(width, height).jpeg()), "JPEG");
  }
  await assertRefused("payload_too_large", await encoded(line(3_000_000, 9).png()), "PNG");
  const white = [255, 255, 255], column = Array<number[]>(16_384).fill(white);
  assertEquals((await decode(png({ width: 1, height: 16_384 }, column), LIMITS)).height, 16_384);
});

const line = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: "white" } });

/** Returns the JPEG with another size in its header (ITU-T T.81, B.2.2). */
function resized(jpeg: Uint8Array, width: number, height: number): Uint8Array {
  const copy = jpeg.slice();
  const frame = copy.findIndex((byte, i) => byte === 0xff && /^c[0-2]$/.test(hex(copy[i + 1])));
  copy.set([height >> 8, height & 0xff, width >> 8, width & 0xff], frame + 5);
  return copy;
}

const hex = (byte = 0): string => byte.toString(16);

/** Makes an animated WebP of small frames that declares a large canvas (RFC 9649, 2.7). */
async function largeCanvas(width: number, height: number): Promise<Uint8Array> {
  const frames = ["red", "blue"].map((background) =>
    sharp({ create: { width: 9, height: 9, channels: 3, background } }).png().toBuffer()
  );
  const animation = sharp(await Promise.all(frames), { join: { animated: true } });
  const bytes = await encoded(animation.webp());
  assertEquals(new TextDecoder().decode(bytes.subarray(12, 16)), "VP8X");
  const u24 = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff];
  bytes.set([...u24(width - 1), ...u24(height - 1)], 24);
  return bytes;
}
