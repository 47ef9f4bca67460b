// Tests which colour profiles are applied. The profiles here swap red and green.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import sharp from "sharp";
import { decode } from "./decode.ts";
import {
  chainProfile,
  iccChunk,
  iccSegments,
  profileOf,
  screenTags,
  typed,
  u32,
} from "../../tests/support/colour_profile.ts";
import { withSegments } from "../../tests/support/jpeg.ts";
import { encoded } from "../../tests/support/pictures.ts";
import { concatBytes } from "../../tests/support/png.ts";
import { riffChunk, webpOf } from "../../tests/support/webp.ts";

const RED = { r: 200, g: 20, b: 20 };
const plain = profileOf(screenTags(typed("para", Uint8Array.of(0, 0, 0, 0), u32(2.2 * 65_536))));
const SIDE = 8;

const picture = () =>
  sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: RED } });

/** Makes a picture of each format with a profile. */
async function withProfile(profile: Uint8Array): Promise<[string, Uint8Array][]> {
  const afterHeader = (png: Uint8Array) =>
    concatBytes(png.subarray(0, 33), iccChunk(profile), png.subarray(33));
  const png = await encoded(picture().png());
  const deep = await encoded(picture().toColourspace("rgb16").png());
  const jpeg = await encoded(picture().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }));
  const webp = await encoded(picture().webp({ lossless: true }));
  const canvas = riffChunk("VP8X", [0x20, 0, 0, 0, SIDE - 1, 0, 0, SIDE - 1, 0, 0]);
  return [
    ["PNG", afterHeader(png)],
    ["PNG of 16 bits", afterHeader(deep)],
    ["JPEG", withSegments(jpeg, ...iccSegments(profile))],
    ["WebP", webpOf(canvas, riffChunk("ICCP", profile), webp.subarray(12))],
  ];
}

async function firstPixel(bytes: Uint8Array): Promise<number[]> {
  return [...(await decode(bytes, { maxPixels: 1_000_000 })).data.subarray(0, 3)];
}

Deno.test("a plain profile is applied in every format", async () => {
  for (const [format, bytes] of await withProfile(plain)) {
    assertEquals((await sharp(bytes).metadata()).icc?.length, plain.length, format);
    const [red, green] = await firstPixel(bytes);
    assertEquals([red! < 60, green! > 150], [true, true], `${format}: ${red}, ${green}`);
  }
});

Deno.test("a profile that is not plain is ignored, and the picture is decoded", async () => {
  for (const elements of [2, 200, 30_000]) {
    for (const [format, bytes] of await withProfile(chainProfile(elements))) {
      const pixel = await firstPixel(bytes);
      [200, 20, 20].forEach((value, i) => {
        assertAlmostEquals(pixel[i]!, value, 3, `${format}, ${elements} elements: ${pixel}`);
      });
    }
  }
});

Deno.test("a profile is applied to a picture of 16 bits as to one of 8", async () => {
  const straight = profileOf(screenTags(typed("curv", u32(0))));
  for (const profile of [plain, straight]) {
    const [[, shallow], [, deep]] = await withProfile(profile) as [
      [string, Uint8Array],
      [string, Uint8Array],
    ];
    assertEquals(await firstPixel(deep), await firstPixel(shallow));
  }
});
