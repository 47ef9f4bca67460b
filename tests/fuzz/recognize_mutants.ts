/**
 * Program that recognises faces in damaged pictures. A picture may crash it. For each seed on
 * standard input, it damages a picture and prints one line, the {@linkcode MutantReport} of it.
 */

import { readMaxImagePixels } from "../../worker/commands/max_image_pixels.ts";
import { loadModels } from "../../worker/models.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import { mutate } from "./mutate.ts";
import { wholePictures } from "./whole_pictures.ts";

/** Outcome of a damaged picture. */
export interface MutantReport {
  readonly seed: number;
  /** A face, a documented error code, or an unexpected error. */
  readonly outcome: "face" | ProblemCode | `unexpected: ${string}`;
  /** Memory that the process uses after the picture. */
  readonly rssBytes: number;
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
