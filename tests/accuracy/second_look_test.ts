/** Faces that are small in a large picture, and faces that fill it. */

import { assert, assertEquals } from "@std/assert";
import sharp from "sharp";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { loadModels } from "../../worker/models.ts";
import { createPipeline, type Pipeline } from "../../worker/pipeline/pipeline.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { needs } from "../support/needs.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { labelledPhotos } from "./labelled_photos.ts";

needs("photos")(
  "small faces in pictures of 12 megapixels are found, wherever they are",
  async () => {
    await using pipeline = await loadPipeline();
    const random = seededRandom(1);
    const outcomes: string[] = [];
    for (const [i, path] of (await photoPaths()).filter((_, i) => i % 10 === 0).entries()) {
      const { box } = await pipeline.recognize(await Deno.readFile(path));
      const [width, height] = i % 2 === 0 ? [4000, 3000] as const : [3000, 4000] as const;
      const size = Math.round(250 * 90 / (box.right - box.left));
      const left = Math.floor(random() * (width - size)),
        top = Math.floor(random() * (height - size));
      const face = await sharp(await Deno.readFile(path)).resize(size, size).png().toBuffer();
      const noise = { type: "gaussian", mean: 120, sigma: i % 3 * 20 + 1 } as const;
      const texture = await sharp({
        create: { width: width / 8, height: height / 8, channels: 3, background: "gray", noise },
      }).png().toBuffer();
      const canvas = sharp(texture).resize(width, height, { kernel: "nearest" });
      const picture = await canvas.composite([{ input: face, left, top }]).jpeg().toBuffer();
      const found = await outcome(pipeline, picture);
      const isThere = typeof found !== "string" &&
        Math.abs(found.left - (left + box.left * size / 250)) < 45 &&
        Math.abs(found.top - (top + box.top * size / 250)) < 45;
      outcomes.push(isThere ? "found" : typeof found === "string" ? found : "elsewhere");
    }
    const wrong = outcomes.filter((found) => found === "no_face" || found === "elsewhere");
    assertEquals(wrong, []);
    // One photo has a bystander who is more than half as wide. The box of another one is too small.
    assert(outcomes.filter((found) => found === "found").length >= 8, outcomes.join());
  },
);

needs("photos")("a face is found in a crop that is 10 % inside its box", async () => {
  await using pipeline = await loadPipeline();
  let found = 0;
  for (const path of await photoPaths()) {
    const { box } = await pipeline.recognize(await Deno.readFile(path));
    const width = box.right - box.left, height = box.bottom - box.top;
    const crop = sharp(await Deno.readFile(path)).extract({
      left: Math.round(box.left + width / 10),
      top: Math.round(box.top + height / 10),
      width: Math.floor(width * 0.8),
      height: Math.floor(height * 0.8),
    });
    if (typeof await outcome(pipeline, await crop.png().toBuffer()) !== "string") found++;
  }
  assert(found >= 90, `${found} of 100`);
});

needs("photos")("two people of the same size, both small, are refused", async () => {
  await using pipeline = await loadPipeline();
  const [one, other] = (await photoPaths()).filter((_, i) => i % 45 === 0);
  const canvas = sharp({ create: { width: 4000, height: 3000, channels: 3, background: "gray" } });
  const faces = [[one!, 300, 200], [other!, 3400, 2500]] as const;
  const picture = await canvas.composite(
    await Promise.all(faces.map(async ([path, left, top]) => {
      const { box } = await pipeline.recognize(await Deno.readFile(path));
      const size = Math.round(250 * 85 / (box.right - box.left));
      return {
        input: await sharp(await Deno.readFile(path)).resize(size, size).png().toBuffer(),
        left,
        top,
      };
    })),
  ).jpeg().toBuffer();
  assertEquals(await outcome(pipeline, picture), "multiple_faces");
});

Deno.test("noise of any coarseness shows no face", async () => {
  await using pipeline = await loadPipeline();
  const random = seededRandom(2);
  for (const block of [1, 2, 4, 8, 16, 32]) {
    const width = Math.floor(2000 / block), height = Math.floor(1500 / block);
    const pixels = Uint8Array.from({ length: width * height * 3 }, () => random() * 256);
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } })
      .resize(2000, 1500, { kernel: "nearest", fit: "fill" });
    assertEquals(await outcome(pipeline, await picture.png().toBuffer()), "no_face", `${block}`);
  }
});

async function loadPipeline(): Promise<Pipeline> {
  const { models } = await loadModels({ ...localModelPaths(Deno.env), calibration: undefined });
  return await createPipeline(models, { maxPixels: 50_000_000 });
}

async function photoPaths(): Promise<string[]> {
  const { people } = await listPhotoFolder(labelledPhotos().photos);
  return people.flatMap(({ photos }) => photos);
}

/** Returns the box of the face, or the code of the refusal. */
async function outcome(pipeline: Pipeline, picture: Uint8Array) {
  try {
    return (await pipeline.recognize(picture)).box;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}
