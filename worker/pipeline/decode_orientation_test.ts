import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import sharp, { type Sharp } from "sharp";
import { decode } from "./decode.ts";
import { sample } from "../../tests/support/pictures.ts";
import { chunk, concatBytes, png } from "../../tests/support/png.ts";

const LIMITS = { maxPixels: 1_000_000 };

/**
 * For each orientation, the sides of the upright picture where the first stored row and the first
 * stored column are (Exif 2.32, 0x0112).
 */
const FIRST_ROW_AND_COLUMN = {
  1: "top left",
  2: "top right",
  3: "bottom right",
  4: "bottom left",
  5: "left top",
  6: "right top",
  7: "right bottom",
  8: "left bottom",
};

/** Size of the upright picture, which is not square. */
const WIDTH = 300, HEIGHT = 400;
const upright = Uint8Array.from(
  await sharp(await sample("user1.png"))
    .extract({ left: 100, top: 60, width: WIDTH, height: HEIGHT })
    .removeAlpha().raw().toBuffer(),
);

/** Returns the picture with its first row and column at the given sides, as a camera stores it. */
function stored(sides: string): Sharp {
  const turned = /^(left|right)/.test(sides);
  const [width, height] = turned ? [HEIGHT, WIDTH] as const : [WIDTH, HEIGHT] as const;
  const data = new Uint8Array(upright.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = turned ? [y, x] as const : [x, y] as const;
      const column = sides.includes("right") ? WIDTH - 1 - u : u;
      const row = sides.includes("bottom") ? HEIGHT - 1 - v : v;
      const from = (row * WIDTH + column) * 3;
      data.set(upright.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

Deno.test("all eight EXIF orientations give the same upright picture", async () => {
  for (const [orientation, sides] of Object.entries(FIRST_ROW_AND_COLUMN)) {
    const picture = stored(sides).withExif({}).withMetadata({ orientation: Number(orientation) });
    for (
      const [format, bytes, tolerance] of [
        ["PNG", await picture.clone().png().toBuffer(), 0],
        ["WebP", await picture.clone().webp({ lossless: true, effort: 0 }).toBuffer(), 0],
        ["JPEG", await picture.clone().jpeg({ quality: 100 }).toBuffer(), 2],
      ] as const
    ) {
      const image = await decode(bytes, LIMITS);
      const label = `${format}, orientation ${orientation}`;
      assertEquals([image.width, image.height], [WIDTH, HEIGHT], label);
      assertEquals(image.original, { width: WIDTH, height: HEIGHT }, label);
      const difference = meanDifference(image.data, upright);
      assert(difference <= tolerance, `${label}: the pixels differ by ${difference} on average`);
    }
  }
});

Deno.test("a picture that is shrunk is also turned upright", async () => {
  for (const orientation of [3, 6] as const) {
    const large = stored(FIRST_ROW_AND_COLUMN[orientation])
      .resize(orientation === 3 ? WIDTH * 6 : HEIGHT * 6)
      .withMetadata({ orientation });
    const image = await decode(await large.jpeg().toBuffer(), { maxPixels: 5_000_000 });
    const { width, height } = image;
    assertEquals(image.original, { width: WIDTH * 6, height: HEIGHT * 6 });
    assertEquals([width, height], [WIDTH * 3, HEIGHT * 3]);
    const small = await sharp(image.data, { raw: { width, height, channels: 3 } })
      .resize(WIDTH, HEIGHT).raw().toBuffer();
    const difference = meanDifference(small, upright);
    assert(difference < 3, `Orientation ${orientation} differs by ${difference} on average`);
  }
});

Deno.test("a picture with an invalid orientation is not turned", async () => {
  for (const orientation of [0, 9, 255, 65_535]) await assertAsStored(exif(orientation));
});

Deno.test("a picture with damaged EXIF data is still decoded", async () => {
  const directory = exif(6);
  const damaged = (offset: number, ...bytes: number[]) => {
    const copy = directory.slice();
    copy.set(bytes, offset);
    return copy;
  };
  for (
    const invalid of [
      new Uint8Array(),
      directory.subarray(0, 4),
      directory.subarray(0, 12),
      // The directory declares 65,535 entries and has one.
      damaged(8, 0xff, 0xff),
      // The directory begins far beyond the end.
      damaged(4, 0xff, 0xff, 0xff, 0xff),
      // An entry declares four thousand million orientations.
      damaged(14, 0xff, 0xff, 0xff, 0xff),
      // An entry has an unknown type.
      damaged(12, 0xff, 0xff),
      // The next directory is the same one.
      damaged(22, 0, 0, 0, 8),
      new Uint8Array(60_000).fill(0xff),
    ]
  ) {
    for (const bytes of withExif(invalid)) {
      const { width, height } = await decode(bytes, LIMITS);
      assertEquals([width, height].toSorted(), [2, 3]);
    }
  }
});

async function assertAsStored(data: Uint8Array): Promise<void> {
  for (const bytes of withExif(data)) {
    const image = await decode(bytes, LIMITS);
    assertEquals([image.width, image.height], [3, 2]);
    assertAlmostEquals(image.data[0]!, 255, 3);
  }
}

/** Makes a TIFF directory with one entry, the orientation. */
function exif(orientation: number): Uint8Array {
  const high = orientation >> 8, low = orientation & 0xff;
  return Uint8Array.of(
    ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1],
    ...[0x01, 0x12, 0, 3, 0, 0, 0, 1, high, low, 0, 0],
    ...[0, 0, 0, 0],
  );
}

const white = Array<number>(9).fill(255);
const jpeg = await sharp({ create: { width: 3, height: 2, channels: 3, background: "white" } })
  .jpeg().toBuffer();

/** Makes a white PNG and a white JPEG of 3 x 2 pixels with this EXIF data. */
function withExif(data: Uint8Array): Uint8Array[] {
  const segment = concatBytes(new TextEncoder().encode("Exif\0\0"), data);
  const length = segment.length + 2;
  return [
    png({ width: 3, height: 2 }, [white, white], [chunk("eXIf", data)]),
    concatBytes(
      jpeg.subarray(0, 2),
      Uint8Array.of(0xff, 0xe1, length >> 8, length & 0xff),
      segment,
      jpeg.subarray(2),
    ),
  ];
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  assertEquals(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
