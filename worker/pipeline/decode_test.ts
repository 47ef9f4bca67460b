import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import sharp from "sharp";
import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import { decode, type DecodedPicture } from "./decode.ts";
import type { RgbImage } from "./image.ts";

const LIMITS = { maxPixels: 10_000 };

/** Makes a picture of 4 x 2 pixels: the left half is red, the right half is blue. */
const redAndBlue = () =>
  sharp({ create: { width: 4, height: 2, channels: 3, background: "red" } }).composite([{
    input: { create: { width: 2, height: 2, channels: 3, background: "blue" } },
    left: 2,
    top: 0,
  }]);

const pixel = ({ data, width }: RgbImage, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

async function refused(
  code: ProblemCode,
  bytes: Uint8Array,
  limits = LIMITS,
  detail = "",
): Promise<void> {
  const problem = await assertRejects(() => decode(bytes, limits), Problem, detail);
  assertEquals(problem.code, code);
}

Deno.test("a picture of any format becomes interleaved RGB", async () => {
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

Deno.test("the decoder of ordinary JPEGs gets these, of at most 4 million pixels, and nothing else", async () => {
  const gray = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "gray" } });
  const decoded: string[] = [];
  const seen = async (bytes: Uint8Array) => {
    decoded.length = 0;
    const image = await decode(bytes, { maxPixels: 5_000_000 }, (given, { width, height }) => {
      assert(given === bytes);
      decoded.push(`${width} x ${height}`);
      return new Uint8Array(width * height * 3).fill(7);
    });
    assertEquals(image.data[0] === 7, decoded.length > 0);
    return decoded.join();
  };
  assertEquals(await seen(await gray(30, 20).jpeg().toBuffer()), "30 x 20");
  assertEquals(await seen(await gray(2000, 2000).jpeg().toBuffer()), "2000 x 2000");
  assertEquals(await seen(await gray(2001, 2000).jpeg().toBuffer()), "");
  assertEquals(await seen(await gray(30, 20).jpeg({ progressive: true }).toBuffer()), "");
  assertEquals(await seen(await gray(30, 20).png().toBuffer()), "");
});

Deno.test("a JPEG that the decoder of ordinary ones leaves is decoded by sharp", async () => {
  const jpeg = await redAndBlue().jpeg().toBuffer();
  assertEquals(await decode(jpeg, LIMITS, () => undefined), await decode(jpeg, LIMITS));
});

Deno.test({
  name: "an ordinary JPEG is decoded by libjpeg-turbo by default",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    let image: DecodedPicture | undefined;
    const decoding = decode(await redAndBlue().jpeg().toBuffer(), LIMITS);
    decoding.then((decoded) => image = decoded);
    // sharp answers only in a later turn of the event loop.
    await Promise.resolve();
    assert(image !== undefined);
  },
});

Deno.test("a picture above the limit of pixels is refused; a picture at the limit is decoded", async () => {
  const of = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: "red" } }).png().toBuffer();
  await refused("payload_too_large", await of(101, 100), LIMITS, "more than 10000 pixels");
  assertEquals((await decode(await of(100, 100), LIMITS)).data.length, 30_000);
});

Deno.test("fewer pixels are allowed when the decoder must hold the whole picture", async () => {
  const limits = { maxPixels: 5_000_000 };
  const gray = { create: { width: 2200, height: 2200, channels: 3, background: "gray" } } as const;
  const accepted = [
    sharp(gray).jpeg({ chromaSubsampling: "4:4:4" }),
    sharp(gray).jpeg({ progressive: true }),
    sharp(gray).png({ progressive: true }),
  ];
  for (const file of accepted) {
    assertEquals((await decode(await file.toBuffer(), limits)).original.width, 2200);
  }
  await refused(
    "payload_too_large",
    await sharp(gray).jpeg({ chromaSubsampling: "4:4:4", progressive: true }).toBuffer(),
    limits,
    "progressive, interlaced or animated",
  );
  const deep = sharp(gray).toColourspace("rgb16").png({ progressive: true });
  await refused("payload_too_large", await deep.toBuffer(), limits);
});

Deno.test("a picture of more than 4 million pixels is shrunk, and its original size is returned", async () => {
  const left = { create: { width: 1001, height: 2000, channels: 3, background: "blue" } } as const;
  const wide = { create: { ...left.create, width: 2001, background: "red" } };
  const large = sharp(wide).composite([{ input: left, left: 0, top: 0 }]);
  for (const bytes of [await large.clone().jpeg().toBuffer(), await large.png().toBuffer()]) {
    const image = await decode(bytes, { maxPixels: 5_000_000 });
    assertEquals(image.original, { width: 2001, height: 2000 });
    assertEquals([image.width, image.height], [1001, 1000]);
    for (const [x, [red, blue]] of [[490, [0, 255]], [510, [255, 0]]] as const) {
      const [r, , b] = pixel(image, x, 999);
      assertAlmostEquals(r!, red!, 3);
      assertAlmostEquals(b!, blue!, 3);
    }
  }
});
