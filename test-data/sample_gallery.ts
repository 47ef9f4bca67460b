/** Makes the sample gallery: the people of three sample pictures. */

import { join } from "node:path";
import { writeAtomically } from "../shared/write_atomically.ts";
import { type GalleryEntry, GalleryError, parseGallery } from "../worker/gallery/gallery.ts";
import { openSession } from "../worker/inference/session.ts";
import { loadModels, type ModelPaths } from "../worker/models.ts";
import { createEmbedder } from "../worker/pipeline/embed.ts";
import { createPipeline } from "../worker/pipeline/pipeline.ts";

/** Whom the sample gallery holds, and by which picture. */
export const SAMPLE_USERS = [
  { user_id: "user1", name: "User One", picture: "user1.png" },
  { user_id: "user2", name: "User Two", picture: "user2.png" },
  { user_id: "user3", name: "User Three", picture: "user3.png" },
] as const;

const MAX_PIXELS = 1_000_000;

/** Settings of {@linkcode makeSampleGallery}. */
export interface SampleGalleryOptions {
  /** Of the gallery. */
  readonly path: string;
  /** The folder of the sample pictures. */
  readonly pictures: string;
  readonly models: ModelPaths;
  /** Is told in one sentence that a gallery which was there is replaced. */
  readonly warn: (sentence: string) => void;
}

/**
 * Makes the sample gallery, unless there is one that the recognition model can use.
 *
 * @returns Whether it was made
 * @throws {ModelError} when a model cannot be loaded
 * @throws {Problem} when a picture shows no face that is clear
 */
export async function makeSampleGallery(
  { path, pictures, models, warn }: SampleGalleryOptions,
): Promise<boolean> {
  const loaded = (await loadModels(models)).models;
  const present = await readIfPresent(path);
  if (present !== undefined) {
    const unfit = whyUnfit(present, await dimensionOf(loaded.recognition));
    if (unfit === undefined) return false;
    warn(`${path} will be replaced: ${unfit}`);
  }
  await using pipeline = await createPipeline(loaded, { maxPixels: MAX_PIXELS });
  const embeddings: GalleryEntry[] = [];
  for (const { user_id, name, picture } of SAMPLE_USERS) {
    const { embedding } = await pipeline.recognize(await Deno.readFile(join(pictures, picture)));
    embeddings.push({ user_id, name, embedding: [...embedding] });
  }
  await writeAtomically(path, new TextEncoder().encode(JSON.stringify({ embeddings }) + "\n"));
  return true;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function dimensionOf(recognition: Uint8Array): Promise<number> {
  await using session = await openSession(recognition, "recognition");
  return createEmbedder(session).dimension;
}

function whyUnfit(gallery: string, dimension: number): string | undefined {
  try {
    parseGallery(gallery, dimension);
    return undefined;
  } catch (error) {
    if (error instanceof GalleryError) return error.message;
    throw error;
  }
}
