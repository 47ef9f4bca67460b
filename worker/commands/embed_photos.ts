/** Embeds the photos of several people, for the commands. */

import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import type { Progress } from "../../shared/progress.ts";
import type { Pipeline, RecognizedFace } from "../pipeline/pipeline.ts";
import { adviseConversion, type ConvertAdvice } from "../../shared/picture/other_formats.ts";

/** A photo with its embedding. */
export interface EmbeddedPhoto {
  readonly path: string;
  /** L2-normalised, as long as the model's embeddings; undefined when the photo was refused. */
  readonly embedding: Float32Array | undefined;
  /** The face with this embedding; undefined when the photo was refused. */
  readonly face: RecognizedFace | undefined;
}

/** A photo without an embedding, and the reason. */
export interface RefusedPhoto {
  readonly path: string;
  /**
   * `unreadable`: the file cannot be read. ConvertAdvice: the format is known, but not accepted.
   * `not_the_same_person`: the photo is unlike the user's other photos; only `enroll` gives this
   * reason. Any other reason comes from the pipeline.
   */
  readonly reason: ProblemCode | "unreadable" | ConvertAdvice | "not_the_same_person";
}

/** Result of {@linkcode embedPhotos}. */
export interface EmbeddedPhotos {
  /** All photos of each person, also the refused photos, in the given order. */
  readonly people: readonly (readonly EmbeddedPhoto[])[];
  /** The refused photos of all people, in the given order. */
  readonly refused: readonly RefusedPhoto[];
}

/** Settings of {@linkcode embedPhotos}. */
export interface EmbedPhotosOptions {
  /** Shows the number of photos that are done. */
  readonly progress: Progress;
  /** Label of the progress, such as "Reading photos". */
  readonly label: string;
}

/**
 * Embeds the photos of several people, one photo at a time. A photo that cannot be read, or that
 * the pipeline refuses, does not stop the work.
 *
 * @param pipeline Embeds a photo, or throws a Problem to refuse it
 * @param people Paths of each person's photos
 * @param options Display of the progress
 * @throws any error of the pipeline that is not a Problem
 */
export async function embedPhotos(
  pipeline: Pick<Pipeline, "recognize">,
  people: readonly { readonly photos: readonly string[] }[],
  { progress, label }: EmbedPhotosOptions,
): Promise<EmbeddedPhotos> {
  const embedded: EmbeddedPhoto[][] = [];
  const refused: RefusedPhoto[] = [];
  const total = people.reduce((sum, { photos }) => sum + photos.length, 0);
  using task = progress.start(label, total, "photos");
  for (const { photos } of people) {
    const results: EmbeddedPhoto[] = [];
    for (const path of photos) {
      const result = await embedPhoto(pipeline, path);
      if (typeof result === "string") {
        refused.push({ path, reason: result });
        results.push({ path, embedding: undefined, face: undefined });
      } else {
        results.push({ path, embedding: result.embedding, face: result });
      }
      task.advance(1);
    }
    embedded.push(results);
  }
  task.end();
  return { people: embedded, refused };
}

/** Returns the face, or the reason of the refusal. */
async function embedPhoto(
  pipeline: Pick<Pipeline, "recognize">,
  path: string,
): Promise<RecognizedFace | RefusedPhoto["reason"]> {
  let photo: Uint8Array;
  try {
    photo = await Deno.readFile(path);
  } catch {
    return "unreadable";
  }
  try {
    return await pipeline.recognize(photo);
  } catch (error) {
    if (error instanceof Problem) {
      const isOtherFormat = error.code === "unsupported_media_type";
      return (isOtherFormat ? adviseConversion(photo) : undefined) ?? error.code;
    }
    throw error;
  }
}

/** Returns the embeddings of each person's accepted photos. */
export function acceptedEmbeddings(people: EmbeddedPhotos["people"]): Float32Array[][] {
  return people.map((photos) =>
    photos.flatMap(({ embedding }) => embedding === undefined ? [] : [embedding])
  );
}
