import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Problem, type ProblemCode } from "../contract/problem.ts";
import { checkPicture } from "./check_picture.ts";
import { emptyJpeg } from "../../tests/support/jpeg.ts";
import { chunk, concatBytes, png, pngOf } from "../../tests/support/png.ts";
import { riffChunk, webpOf } from "../../tests/support/webp.ts";

const LIMITS = { maxPixels: 51_000_000 };

function refused(bytes: Uint8Array, limits = LIMITS): [ProblemCode, string] {
  const problem = assertThrows(() => checkPicture(bytes, limits), Problem);
  return [problem.code, problem.message];
}

Deno.test("a sound picture of each format passes, with its size", () => {
  const pictures = [
    emptyJpeg({ width: 3, height: 2 }),
    png({ width: 3, height: 2 }, [[]]),
    webpOf(riffChunk("VP8L", [0x2f, 2, 0x40, 0, 0])),
  ];
  for (const picture of pictures) {
    assertEquals(checkPicture(picture, LIMITS), { width: 3, height: 2 });
  }
});

Deno.test("junk after the first bytes of a picture is refused as damaged", () => {
  const starts = [
    [0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1],
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13],
    [...new TextEncoder().encode("RIFF"), 90, 0, 0, 0, ...new TextEncoder().encode("WEBP")],
  ];
  for (const start of starts) {
    for (const length of [0, 1, 100, 5000]) {
      const junk = Uint8Array.from({ length }, (_, i) => (i * 7919) >> 3);
      const [code] = refused(Uint8Array.of(...start, ...junk));
      assertEquals(code, "invalid_image");
    }
  }
  assertEquals(refused(new TextEncoder().encode("GIF89a"))[0], "unsupported_media_type");
});

Deno.test("a picture of too many parts is refused with its own words", () => {
  const scans = emptyJpeg({ width: 9, height: 9, frame: 0xc2, scansOfEach: 2646 });
  const markers = emptyJpeg({ width: 9, height: 9, frame: 0xc2 }).subarray(0, -2);
  const texts = Array<Uint8Array>(31).fill(chunk("zTXt", new Uint8Array(7800)));
  for (
    const picture of [
      scans,
      concatBytes(markers, new Uint8Array(5000).map((_, i) => i % 2 === 0 ? 0xff : 2)),
      png({ width: 1, height: 1 }, [[]], texts),
    ]
  ) {
    const [code, detail] = refused(picture);
    assertEquals(code, "invalid_image");
    assertStringIncludes(detail, "more parts");
  }
});

Deno.test("phones of 50 megapixels are within the default, and one row more is not", () => {
  for (const [width, height] of [[8160, 6144], [8192, 6144], [8192, 6225]] as const) {
    const picture = emptyJpeg({ width, height, sampling: [0x22, 0x11, 0x11] });
    assertEquals(checkPicture(picture, LIMITS), { width, height });
    const progressive = emptyJpeg({ width, height, frame: 0xc2, sampling: [0x22, 0x11, 0x11] });
    assertEquals(checkPicture(progressive, LIMITS), { width, height });
  }
  const [code, detail] = refused(emptyJpeg({ width: 8192, height: 6226 }));
  assertEquals(code, "payload_too_large");
  assertStringIncludes(detail, "51000000 pixels");
});

Deno.test("a picture that the decoder holds as a whole may have fewer pixels", () => {
  const size = { width: 6000, height: 6000 };
  // All channels have the same size, although libvips takes the first factors for 4:2:0.
  const hidden = { ...size, sampling: [0x22, 0x22, 0x22], scansOfEach: 1 };
  const interlaced = pngOf({ ...size, bitDepth: 16 }, chunk("IDAT"), chunk("IEND"));
  interlaced[28] = 1;
  const animated = webpOf(
    riffChunk("VP8X", [2, 0, 0, 0, 0x6f, 0x17, 0, 0x6f, 0x17, 0]),
    riffChunk("ANMF"),
  );
  for (
    const picture of [
      emptyJpeg({ ...hidden, frame: 0xc2 }),
      emptyJpeg(hidden),
      interlaced,
      animated,
    ]
  ) {
    const [code, detail] = refused(picture);
    assertEquals(code, "payload_too_large");
    assertStringIncludes(detail, "counts as more than 51000000 pixels");
  }
});

Deno.test("a picture more than 16,384 pixels wide or high is refused", () => {
  assertEquals(refused(emptyJpeg({ width: 16_385, height: 1 }))[0], "payload_too_large");
  assertEquals(refused(png({ width: 1, height: 16_385 }, [[]]))[0], "payload_too_large");
  assertEquals(checkPicture(emptyJpeg({ width: 16_384, height: 1 }), LIMITS).width, 16_384);
});
