/**
 * Program that recognises faces in damaged pictures. A picture may crash it. For each seed on
 * standard input, it damages a picture and prints one line, the {@linkcode MutantReport} of it.
 */

import sharp from "sharp";
import { readMaxImagePixels } from "../../worker/commands/max_image_pixels.ts";
import { loadModels } from "../../worker/models.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import { samplePath } from "../support/pictures.ts";
import { mutate } from "./mutate.ts";

/** Outcome of a damaged picture. */
export interface MutantReport {
  readonly seed: number;
  /** A face, a documented error code, or an unexpected error. */
  readonly outcome: "face" | ProblemCode | `unexpected: ${string}`;
  /** Memory that the process uses after the picture. */
  readonly rssBytes: number;
}

/** Makes pictures of a face, one for each kind that the decoders treat differently. */
async function wholePictures(): Promise<Uint8Array[]> {
  const face = sharp(samplePath("user1.png")).resize(160).removeAlpha();
  const frame = await face.clone().png().toBuffer();
  const rotated = face.clone().withMetadata({ orientation: 6 });
  const pictures = [
    face.clone().jpeg(),
    rotated.clone().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }),
    face.clone().toColourspace("cmyk").jpeg({ quality: 60 }),
    face.clone().grayscale().jpeg(),
    face.clone().png(),
    rotated.clone().png({ progressive: true, palette: true }),
    face.clone().resize(80).ensureAlpha(0.5).toColourspace("rgb16").png(),
    face.clone().webp(),
    face.clone().webp({ lossless: true, effort: 0 }),
    rotated.clone().ensureAlpha(0.5).webp({ quality: 60 }),
    sharp([frame, frame], { join: { animated: true } }).webp({ quality: 50 }),
  ];
  return await Promise.all(
    pictures.map(async (picture) => Uint8Array.from(await picture.toBuffer())),
  );
}

async function main(): Promise<void> {
  const files = await wholePictures();
  const { models, quality } = await loadModels(localModelPaths(Deno.env));
  await using pipeline = await createPipeline(models, {
    maxPixels: readMaxImagePixels(Deno.env),
    quality,
  });
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
