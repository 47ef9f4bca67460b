import sharp from "sharp";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type FakeRegistry,
  packageFile,
  startFakeRegistry,
} from "../models/fetch/fake_registry.ts";
import { NO_PROGRESS } from "../shared/progress.ts";
import { sha256 } from "../shared/sha256.ts";
import { temporaryFolder } from "../tests/support/temporary_folder.ts";
import { PICTURE_MANIFEST, type PictureManifest, PictureManifestSchema } from "./manifest.ts";
import { makePictures, PictureError } from "./pictures.ts";

const WIDTH = 60, HEIGHT = 40;
const CROP = { left: 10, top: 5, width: 20, height: 30 };

/** Makes a photo, and cuts the pixels of CROP out of it without the code under test. */
async function samplePhoto() {
  const gradient = Uint8Array.from(
    { length: WIDTH * HEIGHT * 3 },
    (_, i) => (i % 3) * 40 + Math.floor(i / 3) % WIDTH + Math.floor(i / 3 / WIDTH),
  );
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
  const jpeg = new Uint8Array(await sharp(gradient, { raw }).jpeg().toBuffer());
  const pixels = await sharp(jpeg).raw().toBuffer();
  const crop = new Uint8Array(CROP.width * CROP.height * 3);
  for (let y = 0; y < CROP.height; y++) {
    const start = ((CROP.top + y) * WIDTH + CROP.left) * 3;
    crop.set(pixels.subarray(start, start + CROP.width * 3), y * CROP.width * 3);
  }
  return { jpeg, crop };
}

const { jpeg: JPEG, crop: PIXELS } = await samplePhoto();
const PHOTO = await packageFile("demo/photo.jpg", JPEG, "photo.jpg");
const PICTURE = { file: "face.png", from: "photo.jpg", ...CROP, sha256: await sha256(PIXELS) };
const FILES = { "demo/photo.jpg": JPEG };

/** Makes a folder for pictures. It records warnings. */
async function createTarget() {
  const folder = await temporaryFolder();
  const warnings: string[] = [];
  return {
    path: folder.path("face.png"),
    warnings,
    make(registry: FakeRegistry, change: Partial<PictureManifest> = {}) {
      const manifest = { source: registry.source, photos: [PHOTO], pictures: [PICTURE], ...change };
      return makePictures(manifest, {
        folder: folder.root,
        npm: { registry: registry.url },
        warn: (sentence) => warnings.push(sentence),
        progress: NO_PROGRESS,
      });
    },
    names: (): string[] => Array.from(Deno.readDirSync(folder.root), ({ name }) => name),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("a picture has exactly the pixels of its rectangle in the photo, and the photo is not kept", async () => {
  await using registry = await startFakeRegistry(FILES);
  await using target = await createTarget();
  assertEquals(await target.make(registry), [PICTURE]);
  assertEquals(target.names(), ["face.png"]);
  const { data, info } = await sharp(await Deno.readFile(target.path)).raw().toBuffer({
    resolveWithObject: true,
  });
  assertEquals([info.format, info.width, info.height, info.channels], ["raw", 20, 30, 3]);
  assertEquals(new Uint8Array(data), PIXELS);
});

Deno.test("an existing picture is not made again, also when it is compressed differently", async () => {
  await using registry = await startFakeRegistry(FILES);
  await using target = await createTarget();
  const raw = { width: CROP.width, height: CROP.height, channels: 3 } as const;
  await sharp(PIXELS, { raw }).png({ compressionLevel: 0 }).toFile(target.path);
  assertEquals(await target.make(registry), []);
  assertEquals(registry.requests, []);
});

for (const damage of ["half", "another picture", "no picture"]) {
  Deno.test(`a damaged picture is made again: ${damage}`, async () => {
    await using registry = await startFakeRegistry(FILES);
    await using target = await createTarget();
    await target.make(registry);
    const png = await Deno.readFile(target.path);
    const damaged = damage === "half"
      ? png.subarray(0, png.length / 2)
      : damage === "another picture"
      ? await sharp(PIXELS, { raw: { width: 20, height: 30, channels: 3 } }).negate().png()
        .toBuffer()
      : new Uint8Array(3);
    await Deno.writeFile(target.path, damaged);
    assertEquals(await target.make(registry), [PICTURE]);
    assertEquals(await Deno.readFile(target.path), png);
    assertEquals(target.warnings, [
      `${target.path} is not the picture that the manifest describes: it will be replaced`,
    ]);
  });
}

Deno.test("a picture with wrong pixels is an error, and no picture is written", async () => {
  await using registry = await startFakeRegistry(FILES);
  await using target = await createTarget();
  const shifted = { ...PICTURE, file: "shifted.png", left: CROP.left + 1 };
  await assertRejects(
    () => target.make(registry, { pictures: [PICTURE, shifted] }),
    PictureError,
    "The picture shifted.png, cut out of photo.jpg, is not the one that the manifest describes",
  );
  assertEquals(target.names(), []);
});

Deno.test("the manifest lists the photo of every picture", () => {
  const photos = PICTURE_MANIFEST.photos.slice(1);
  assertThrows(
    () => PictureManifestSchema.parse({ ...PICTURE_MANIFEST, photos }),
    Error,
    "The photo of a picture is not listed",
  );
});
