// Compares the check of a picture's structure with the decoder: a picture that can be decoded passes.

import { assert, assertEquals } from "@std/assert";
import sharp from "../safe_sharp.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { checkPicture } from "../../shared/picture/check_picture.ts";
import { exifLoop } from "../../tests/support/exif.ts";
import { segment, ultraHdr, withSegments } from "../../tests/support/jpeg.ts";
import { encoded, sample } from "../../tests/support/pictures.ts";
import { concatBytes } from "../../tests/support/png.ts";
import { needs } from "../../tests/support/needs.ts";
import { mutate } from "../../tests/fuzz/mutate.ts";
import { wholePictures } from "../../tests/fuzz/whole_pictures.ts";

const LIMITS = { maxPixels: 51_000_000 };
const SAMPLES = ["user1.png", "user1_similar.png", "user2.png", "user3.png", "different.png"];

/** Returns the fault that the check finds, undefined when the picture passes. */
function faultOf(bytes: Uint8Array): string | undefined {
  try {
    checkPicture(bytes, LIMITS);
    return undefined;
  } catch (error) {
    assert(error instanceof Problem, `${error}`);
    return error.cause instanceof Error ? error.cause.message : error.code;
  }
}

/** Returns true when the decoder takes the picture without any check. */
async function isDecoded(bytes: Uint8Array): Promise<boolean> {
  if (bytes.length === 0) return false;
  const picture = sharp(bytes, { failOn: "error", limitInputPixels: LIMITS.maxPixels });
  return await picture.raw().toBuffer().then(() => true, () => false);
}

/**
 * Faults of pictures that the decoder takes although their end is missing: it looks at nothing
 * after the pixels of a PNG, and after the only scan of a JPEG.
 */
const MISSING_END = ["no end marker", "no end chunk", "incomplete chunk"];

Deno.test("of 500 damaged pictures, those that can be decoded pass, unless their end is missing or they have too many parts", async () => {
  const files = await wholePictures();
  let decoded = 0;
  for (let seed = 1; seed <= 500; seed++) {
    const bytes = mutate(files, seed);
    if (!await isDecoded(bytes)) continue;
    decoded++;
    const fault = faultOf(bytes);
    if (fault === undefined || fault === "unsupported_media_type") continue;
    if (/more than|too many/.test(fault)) continue;
    assert(MISSING_END.includes(fault), `Seed ${seed}: ${fault}`);
  }
  assert(decoded > 60, `Only ${decoded} damaged pictures can be decoded`);
});

Deno.test("all pictures that encoders write pass", async () => {
  const person = sharp(await sample("user1.png")).resize(300);
  const opaque = person.clone().removeAlpha();
  const pictures: [string, Uint8Array][] = [];
  for (const progressive of [false, true]) {
    for (const chromaSubsampling of ["4:2:0", "4:4:4"]) {
      for (const mozjpeg of [false, true]) {
        const options = { progressive, chromaSubsampling, mozjpeg };
        pictures.push([
          `JPEG ${JSON.stringify(options)}`,
          await encoded(opaque.clone().jpeg(options)),
        ]);
      }
    }
    const cmyk = opaque.clone().toColourspace("cmyk").jpeg({ progressive });
    pictures.push(["CMYK", await encoded(cmyk)]);
    pictures.push(["gray JPEG", await encoded(opaque.clone().grayscale().jpeg({ progressive }))]);
    for (const options of [{}, { palette: true }, { compressionLevel: 0 }]) {
      pictures.push(["PNG", await encoded(person.clone().png({ ...options, progressive }))]);
    }
    const deep = person.clone().toColourspace("rgb16").png({ progressive });
    pictures.push(["16-bit PNG", await encoded(deep)]);
  }
  const jpeg = await encoded(opaque.clone().keepMetadata().withIccProfile("p3").jpeg());
  const thumbnail = await encoded(opaque.clone().resize(40).jpeg());
  const film = new Uint8Array(5000).map((_, i) => i * 7);
  pictures.push(
    ["JPEG with a profile", jpeg],
    ["thumbnail", withSegments(jpeg, segment(0xe1, thumbnail))],
    ["Ultra HDR", ultraHdr(jpeg, thumbnail)],
    ["motion photo", concatBytes(jpeg, new TextEncoder().encode("....ftypmp42"), film)],
    ["WebP", await encoded(person.clone().webp())],
    ["lossless WebP", await encoded(person.clone().webp({ lossless: true }))],
    ["WebP with a profile", await encoded(person.clone().withIccProfile("p3").webp())],
  );
  for (const [label, bytes] of pictures) {
    assertEquals([faultOf(bytes), await isDecoded(bytes)], [undefined, true], label);
  }
});

Deno.test("the sample pictures pass", async () => {
  for (const name of SAMPLES) assertEquals(faultOf(await sample(name)), undefined, name);
});

Deno.test("the decoder never sees EXIF data that points to itself", async () => {
  const exif = concatBytes(new TextEncoder().encode("Exif\0\0"), exifLoop(5000));
  const jpeg = await encoded(sharp(await sample("user1.png")).resize(50).jpeg());
  assertEquals(
    faultOf(withSegments(jpeg, segment(0xe1, exif))),
    "EXIF with too many directories",
  );
});

needs("photos")("all photos of the accuracy measurement pass", async () => {
  const folder = Deno.env.get("FACE_IT_LFW100")!;
  let photos = 0;
  for await (const person of Deno.readDir(folder)) {
    if (!person.isDirectory) continue;
    for await (const { name } of Deno.readDir(`${folder}/${person.name}`)) {
      const bytes = await Deno.readFile(`${folder}/${person.name}/${name}`);
      assertEquals(faultOf(bytes), undefined, name);
      photos++;
    }
  }
  assert(photos >= 100, `${photos} photos`);
});
