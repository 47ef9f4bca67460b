/** Makes the sample gallery, with the people of three sample pictures. */

import { join } from "node:path";
import { enrolIntoGalleryFile } from "../worker/commands/enroll/enroll.ts";
import { EnrolmentError } from "../worker/commands/enroll/name_users.ts";
import { loadModels, type ModelPaths } from "../worker/models.ts";
import { createPipeline } from "../worker/pipeline/pipeline.ts";
import { SAMPLE_USERS } from "./sample_users.ts";

const MAX_PIXELS = 1_000_000;

/** Settings of {@linkcode makeSampleGallery}. */
export interface SampleGalleryOptions {
  /** Path of the gallery file. */
  readonly path: string;
  /** Path of the folder with the sample pictures. */
  readonly pictures: string;
  readonly models: ModelPaths;
}

/**
 * Makes the sample gallery. An existing gallery does not change, because somebody may have enrolled
 * people into it.
 *
 * @returns True when the gallery was made, false when a gallery existed
 * @throws {ModelError} when a model cannot be loaded
 * @throws {EnrolmentError} when a picture is refused
 */
export async function makeSampleGallery(
  { path, pictures, models }: SampleGalleryOptions,
): Promise<boolean> {
  if (await exists(path)) return false;
  const { models: networks, checksums, quality } = await loadModels(models);
  await using pipeline = await createPipeline(networks, { maxPixels: MAX_PIXELS, quality });
  const people = SAMPLE_USERS.map(({ userId, name, picture }) => ({
    userId,
    name,
    photos: [join(pictures, picture)],
  }));
  const { refused } = await enrolIntoGalleryFile(path, people, pipeline, {
    modelSha256: checksums.recognition,
    existing: "replace",
  });
  const [first] = refused;
  if (first !== undefined) {
    throw new EnrolmentError(`The sample picture ${first.path} was refused: ${first.reason}`);
  }
  return true;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
