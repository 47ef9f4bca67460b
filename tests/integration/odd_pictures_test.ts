import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import sharp, { type Sharp } from "sharp";
import { MatchSchema } from "../../shared/contract/contract.ts";
import type { ProblemCode } from "../../shared/contract/problem.ts";
import { chunk, pngOf } from "../support/png.ts";
import { encoded, type Picture, sample } from "../support/pictures.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { Service } from "../support/service.ts";

Deno.test("a face has the same box for all eight EXIF orientations of the picture", async () => {
  await using service = await Service.ready({ REQUESTS_PER_WORKER: "100" });
  const upright = await encoded(
    sharp(await sample("user1_similar.png")).extract({ left: 0, top: 0, width: 400, height: 500 })
      .removeAlpha().png(),
  );
  const { face: { box: expected } } = matchOf(await service.post(upright));
  for (const [orientation, stored] of storedFor(sharp(upright))) {
    const picture = await encoded(
      sharp(await stored.png().toBuffer()).withMetadata({ orientation })
        .jpeg({ quality: 100, chromaSubsampling: "4:4:4" }),
    );
    const { user_id, face: { box } } = matchOf(await service.post(picture));
    assertEquals(user_id, "user1");
    box.forEach((value, i) => {
      assertAlmostEquals(
        value,
        expected[i]!,
        6,
        `Orientation ${orientation}: ${box} for ${expected}`,
      );
    });
  }
});

Deno.test("a face is recognised in rare kinds of JPEG, PNG and WebP", async () => {
  await using service = await Service.ready({ REQUESTS_PER_WORKER: "100" });
  const picture = sharp(await sample("user1_similar.png")).removeAlpha();
  const again = await picture.clone().png().toBuffer();
  const blank = await sharp({ create: { width: 520, height: 520, channels: 3, background: "red" } })
    .png().toBuffer();
  const kinds: Record<string, Sharp> = {
    "CMYK JPEG": picture.clone().withIccProfile("cmyk").jpeg(),
    "progressive JPEG": picture.clone().jpeg({ progressive: true }),
    "16-bit PNG": picture.clone().toColourspace("rgb16").png(),
    "gray PNG": picture.clone().toColourspace("b-w").png(),
    "interlaced PNG": picture.clone().png({ progressive: true }),
    "PNG with alpha": picture.clone().ensureAlpha(0.9).png(),
    "Display P3": picture.clone().withIccProfile("p3").jpeg(),
    "animated WebP": sharp([again, blank], { join: { animated: true } }).webp(),
  };
  for (const [kind, odd] of Object.entries(kinds)) {
    assertEquals(matchOf(await service.post(await encoded(odd)), kind).user_id, "user1", kind);
  }
});

Deno.test("a picture that is made to exhaust a worker gets an error, and uses at most one worker", async () => {
  await using service = await Service.ready();
  const zeros = chunk("IDAT", new Uint8Array(2000));
  const cases: [ProblemCode, Picture][] = [
    ["payload_too_large", pngOf({ width: 30_000, height: 30_000 }, zeros, chunk("IEND"))],
    ["invalid_image", pngOf({ width: 5000, height: 5000 }, zeros, chunk("IEND"))],
    ["invalid_image", pngOf({ width: 0, height: 0 }, zeros, chunk("IEND"))],
    ["payload_too_large", await encoded(line(65_500, 1).jpeg())],
    ["no_face", await encoded(line(1, 16_384).png())],
    ["no_face", await encoded(line(1, 1).webp())],
  ];
  for (const [code, picture] of cases) {
    assertProblem(await service.post(picture), code);
    await service.untilFull();
  }
  assert(!service.lines.some((entry) => entry.includes('"level":50')), service.lines.join("\n"));
});

function matchOf({ status, text }: Answer, label = "upright") {
  assertEquals(status, 200, `${label}: ${text}`);
  return MatchSchema.parse(JSON.parse(text));
}

/**
 * Returns, for each EXIF orientation, the picture as a file with that orientation stores it. Sharp
 * mirrors a picture before it rotates it.
 */
function storedFor(upright: Sharp): [orientation: number, Sharp][] {
  return [
    [1, upright.clone()],
    [2, upright.clone().flop()],
    [3, upright.clone().rotate(180)],
    [4, upright.clone().flip()],
    [5, upright.clone().rotate(270).flop()],
    [6, upright.clone().rotate(270)],
    [7, upright.clone().rotate(90).flop()],
    [8, upright.clone().rotate(90)],
  ];
}

const line = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: "white" } });
