import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import sharp from "sharp";
import { Problem, type ProblemCode } from "../../shared/errors.ts";
import { decode } from "./decode.ts";
import type { RgbImage } from "./image.ts";

const LIMITS = { maxPixels: 10_000 };

/** Four pixels by two: the left half red, the right half blue. */
const redAndBlue = () =>
  sharp({ create: { width: 4, height: 2, channels: 3, background: "red" } }).composite([{
    input: { create: { width: 2, height: 2, channels: 3, background: "blue" } },
    left: 2,
    top: 0,
  }]);

const pixel = ({ data, width }: RgbImage, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

async function refused(code: ProblemCode, bytes: Uint8Array): Promise<void> {
  const problem = await assertRejects(() => decode(bytes, LIMITS), Problem);
  assertEquals(problem.code, code);
}

Deno.test("a picture becomes interleaved RGB, whatever its format", async () => {
  for (
    const bytes of [
      await redAndBlue().png().toBuffer(),
      await redAndBlue().webp({ lossless: true }).toBuffer(),
    ]
  ) {
    const image = await decode(bytes, LIMITS);
    assertEquals([image.width, image.height, image.data.length], [4, 2, 24]);
    assertEquals([pixel(image, 0, 1), pixel(image, 3, 0)], [[255, 0, 0], [0, 0, 255]]);
  }
  const jpeg = await redAndBlue().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
  const [red] = pixel(await decode(jpeg, LIMITS), 0, 0);
  assertAlmostEquals(red!, 255, 3);
});

Deno.test("a picture is turned as its EXIF orientation says", async () => {
  // 6: the camera was turned, the top of the scene is on the picture's right.
  const turned = await redAndBlue().withMetadata({ orientation: 6 }).png().toBuffer();
  const image = await decode(turned, LIMITS);
  assertEquals([image.width, image.height], [2, 4]);
  assertEquals([pixel(image, 0, 0), pixel(image, 0, 3)], [[255, 0, 0], [0, 0, 255]]);
});

Deno.test("transparency is laid over white", async () => {
  const background = { r: 0, g: 0, b: 0, alpha: 0 };
  const clear = sharp({ create: { width: 2, height: 2, channels: 4, background } });
  assertEquals(pixel(await decode(await clear.png().toBuffer(), LIMITS), 1, 1), [255, 255, 255]);
});

Deno.test("gray, 16-bit and CMYK pictures become 8-bit RGB", async () => {
  const gray = { create: { width: 3, height: 3, channels: 3, background: "#808080" } } as const;
  for (
    const bytes of [
      await sharp(gray).toColourspace("b-w").png().toBuffer(),
      await sharp(gray).toColourspace("rgb16").png().toBuffer(),
      await sharp(gray).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer(),
    ]
  ) {
    const image = await decode(bytes, LIMITS);
    assertEquals(image.data.length, 27);
    for (const value of image.data) assertAlmostEquals(value, 128, 16);
  }
});

Deno.test("other formats are refused by their content", async () => {
  await refused("unsupported_media_type", await redAndBlue().gif().toBuffer());
  await refused("unsupported_media_type", await redAndBlue().tiff().toBuffer());
  await refused("unsupported_media_type", new TextEncoder().encode("<svg/>"));
  await refused("unsupported_media_type", new Uint8Array());
});

Deno.test("a truncated or damaged picture is refused", async () => {
  const noise = sharp({
    create: {
      width: 90,
      height: 90,
      channels: 3,
      background: "gray",
      noise: { type: "gaussian", mean: 128, sigma: 40 },
    },
  });
  for (
    const bytes of [
      await noise.clone().png().toBuffer(),
      await noise.clone().jpeg().toBuffer(),
      await noise.clone().webp().toBuffer(),
    ]
  ) {
    assert((await decode(bytes, LIMITS)).data.length > 0);
    await refused("invalid_image", bytes.subarray(0, bytes.length / 2));
    await refused("invalid_image", bytes.subarray(0, 16));
  }
});

Deno.test("a picture with too many pixels is refused, the bound itself is not", async () => {
  const of = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "red" } }).png().toBuffer();
  await refused("payload_too_large", await of(101, 100));
  assertEquals((await decode(await of(100, 100), LIMITS)).data.length, 30_000);
});
