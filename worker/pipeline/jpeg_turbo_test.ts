import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import sharp from "sharp";
import { isOrdinaryJpeg, JpegDecoderError, loadJpegDecoder } from "./jpeg_turbo.ts";

const decode = loadJpegDecoder();

/** A picture with edges and noise, which every step of a decoder changes. */
function noisy(width: number, height: number) {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => (i * 97 + (i % 7) * (i % 11) * 13) % 256,
  );
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const read = (jpeg: Uint8Array) => sharp(jpeg).raw().toBuffer({ resolveWithObject: true });

Deno.test("libjpeg-turbo is loaded on the systems of the images", () => {
  assertEquals(decode !== undefined, Deno.build.os === "linux");
});

Deno.test("a system without a library has no decoder", () => {
  assertEquals(loadJpegDecoder("darwin-arm64"), undefined);
});

Deno.test({
  name: "a library that cannot be loaded is an error that says so",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    // The package has it, and this processor cannot run it.
    const other = Deno.build.arch === "x86_64" ? "linux-arm64" : "linux-x64";
    const error = assertThrows(() => loadJpegDecoder(other), JpegDecoderError, "cannot be loaded");
    assert(error.cause instanceof Error);
  },
});

Deno.test({
  name: "an ordinary JPEG has the same pixels as from sharp",
  ignore: decode === undefined,
  fn: async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom("4:4:4", "4:2:0"),
        fc.boolean(),
        async (width, height, quality, chromaSubsampling, optimiseCoding) => {
          const jpeg = await noisy(width, height)
            .jpeg({ quality, chromaSubsampling, optimiseCoding }).toBuffer();
          assert(isOrdinaryJpeg(jpeg));
          const { data } = await read(jpeg);
          assertEquals(decode!(jpeg, { width, height }), new Uint8Array(data));
        },
      ),
      { numRuns: 50 },
    );
  },
});

Deno.test("a JPEG whose pixels are changed after decoding is not ordinary", async () => {
  const picture = noisy(30, 20);
  assert(isOrdinaryJpeg(await picture.clone().jpeg().toBuffer()));
  for (
    const other of [
      picture.clone().withExif({ IFD0: { Orientation: "6" } }).jpeg(),
      picture.clone().withIccProfile("p3").jpeg(),
      picture.clone().toColourspace("b-w").jpeg(),
      picture.clone().toColourspace("cmyk").jpeg(),
      picture.clone().jpeg({ progressive: true }),
      picture.clone().png(),
      picture.clone().webp(),
    ]
  ) assertEquals(isOrdinaryJpeg(await other.toBuffer()), false);
});

Deno.test("a JPEG with a segment that decoding does not need is not ordinary", async () => {
  const jpeg = await noisy(30, 20).jpeg().toBuffer();
  const withSegment = (code: number, content: readonly number[]) =>
    Uint8Array.of(0xff, 0xd8, 0xff, code, 0, content.length + 2, ...content, ...jpeg.subarray(2));
  const adobe = [...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, 0];
  assertEquals(isOrdinaryJpeg(withSegment(0xee, adobe)), false);
  const others = Array.from({ length: 256 }, (_, code) => code)
    .filter((code) => isOrdinaryJpeg(withSegment(code, [0, 0])));
  // Tables, the interval of restarts, JFIF and comments.
  assertEquals(others, [0xc4, 0xdb, 0xdd, 0xe0, 0xfe]);
});

Deno.test("a JPEG with several scans, or several frames, is not ordinary", async () => {
  const jpeg = new Uint8Array(await noisy(30, 20).jpeg().toBuffer());
  const marker = (code: number) =>
    jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === code);
  const frame = marker(0xc0), scan = marker(0xda);
  const oneChannel = jpeg.slice();
  assertEquals(oneChannel[scan + 4], 3);
  oneChannel[scan + 4] = 1;
  assertEquals(isOrdinaryJpeg(oneChannel), false);
  const twoFrames = [...jpeg.subarray(0, scan), ...jpeg.subarray(frame, frame + 19)];
  assertEquals(isOrdinaryJpeg(Uint8Array.of(...twoFrames, ...jpeg.subarray(scan))), false);
  const noFrame = [...jpeg.subarray(0, frame), ...jpeg.subarray(frame + 19)];
  assertEquals(isOrdinaryJpeg(Uint8Array.from(noFrame)), false);
});

Deno.test("bytes that are no whole header of a JPEG are not ordinary", async () => {
  const jpeg = await noisy(30, 20).jpeg().toBuffer();
  const scan = jpeg.indexOf(Uint8Array.of(0xff, 0xda));
  for (let length = 0; length <= scan; length++) {
    assertEquals(isOrdinaryJpeg(jpeg.subarray(0, length)), false);
  }
  const stray = new Uint8Array([...jpeg.subarray(0, 2), 0, ...jpeg.subarray(2)]);
  assertEquals(isOrdinaryJpeg(stray), false);
});

Deno.test({
  name: "a damaged JPEG, and one of another size, are left to sharp",
  ignore: decode === undefined,
  fn: async () => {
    const size = { width: 64, height: 48 };
    const jpeg = new Uint8Array(await noisy(64, 48).jpeg().toBuffer());
    assert(decode!(jpeg, size) !== undefined);
    assertEquals(decode!(jpeg.subarray(0, jpeg.length >> 1), size), undefined);
    for (const [width, height] of [[65, 48], [64, 49], [48, 64], [63, 48], [64, 47]] as const) {
      assertEquals(decode!(jpeg, { width, height }), undefined);
    }
    const noEnd = jpeg.slice();
    noEnd.fill(0, jpeg.length - 40);
    assertEquals(decode!(noEnd, size), undefined);
  },
});

Deno.test({
  name: "a JPEG that must be held as a whole, and is large, is left to sharp",
  ignore: decode === undefined,
  fn: async () => {
    const progressive = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: "gray" } })
        .jpeg({ progressive: true }).toBuffer();
    const small = { width: 200, height: 100 }, large = { width: 3000, height: 3000 };
    assert(decode!(await progressive(200, 100), small) !== undefined);
    assert(decode!(await progressive(3000, 3000), large) === undefined);
  },
});

Deno.test({
  name: "bytes that are changed at random give pixels or nothing",
  ignore: decode === undefined,
  fn: async () => {
    const size = { width: 40, height: 30 };
    const jpeg = new Uint8Array(await noisy(40, 30).jpeg().toBuffer());
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.nat(jpeg.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      (changes) => {
        const damaged = jpeg.slice();
        for (const [at, value] of changes) damaged[at] = value;
        if (isOrdinaryJpeg(damaged)) {
          const length = decode!(damaged, size)?.length ?? 40 * 30 * 3;
          assertEquals(length, 40 * 30 * 3);
        }
      },
    ));
  },
});
