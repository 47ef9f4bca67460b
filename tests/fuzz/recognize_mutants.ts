/**
 * The process that the fuzzing may kill: for every seed on standard input one line on standard
 * output, what the pipeline said to the picture that was damaged by that seed.
 */

import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { readMaxImagePixels } from "../../worker/max_image_pixels.ts";
import { loadModels } from "../../worker/models.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import { mutate } from "./mutate.ts";

/** What became of a damaged picture. */
export interface MutantReport {
  readonly seed: number;
  /** A face, the code of a documented refusal, or an error that nobody expects. */
  readonly outcome: "face" | ProblemCode | `unexpected: ${string}`;
  /** Memory of the process afterwards. */
  readonly rssBytes: number;
}

/** A face in every kind of picture that the decoder has code of its own for. */
async function wholePictures(): Promise<Uint8Array[]> {
  const photo = sharp(fileURLToPath(new URL("../../test-data/user1.png", import.meta.url)))
    .resize(160).removeAlpha();
  const frame = await photo.clone().png().toBuffer();
  const turned = photo.clone().withMetadata({ orientation: 6 });
  const pictures = [
    photo.clone().jpeg(),
    turned.clone().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }),
    photo.clone().toColourspace("cmyk").jpeg({ quality: 60 }),
    photo.clone().grayscale().jpeg(),
    photo.clone().png(),
    turned.clone().png({ progressive: true, palette: true }),
    photo.clone().resize(80).ensureAlpha(0.5).toColourspace("rgb16").png(),
    photo.clone().webp(),
    photo.clone().webp({ lossless: true, effort: 0 }),
    turned.clone().ensureAlpha(0.5).webp({ quality: 60 }),
    sharp([frame, frame], { join: { animated: true } }).webp({ quality: 50 }),
  ];
  return await Promise.all(
    pictures.map(async (picture) => Uint8Array.from(await picture.toBuffer())),
  );
}

async function main(): Promise<void> {
  const files = await wholePictures();
  const { models } = await loadModels({ ...localModelPaths(Deno.env), calibration: undefined });
  await using pipeline = await createPipeline(models, { maxPixels: readMaxImagePixels(Deno.env) });
  const outcomeOf = async (picture: Uint8Array): Promise<MutantReport["outcome"]> => {
    try {
      await pipeline.recognize(picture);
      return "face";
    } catch (error) {
      return error instanceof Problem ? error.code : `unexpected: ${error}`;
    }
  };
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const text of lines) {
    const seeds = (rest + text).split("\n");
    rest = seeds.pop()!;
    for (const seed of seeds.map(Number)) {
      const outcome = await outcomeOf(mutate(files, seed));
      const report: MutantReport = { seed, outcome, rssBytes: Deno.memoryUsage().rss };
      console.log(JSON.stringify(report));
    }
  }
}

if (import.meta.main) await main();
