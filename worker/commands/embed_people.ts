/** The embeddings of a folder of photographs. */

import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import type { PersonFolder } from "./photo_folder.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";

/** A photo, and what the pipeline made of it. */
export interface EmbeddedPhoto {
  readonly path: string;
  /** Length of the model's embeddings, L2-normalised; undefined when the photo was refused. */
  readonly embedding: Float32Array | undefined;
}

/** A person and all photos of that person, refused ones included. */
export interface EmbeddedPerson {
  readonly person: string;
  readonly photos: readonly EmbeddedPhoto[];
}

/** Hears of every photo as soon as it is embedded, or refused with a code. */
export type PhotoListener = (path: string, refusal: ProblemCode | undefined) => void;

/**
 * Embeds every photo, one at a time.
 *
 * @param pipeline What embeds them
 * @param people As `listPhotoFolder` gives them
 * @param onPhoto Is told of each photo
 * @throws {Deno.errors.NotFound} and its like when a photo can no longer be read
 */
export async function embedPeople(
  pipeline: Pick<Pipeline, "recognize">,
  people: readonly PersonFolder[],
  onPhoto: PhotoListener,
): Promise<EmbeddedPerson[]> {
  const embedded: EmbeddedPerson[] = [];
  for (const { person, photos } of people) {
    const results: EmbeddedPhoto[] = [];
    for (const path of photos) {
      const result = await embedOrRefuse(pipeline, path);
      if (result instanceof Problem) {
        results.push({ path, embedding: undefined });
        onPhoto(path, result.code);
      } else {
        results.push({ path, embedding: result });
        onPhoto(path, undefined);
      }
    }
    embedded.push({ person, photos: results });
  }
  return embedded;
}

async function embedOrRefuse(
  pipeline: Pick<Pipeline, "recognize">,
  path: string,
): Promise<Float32Array | Problem> {
  const bytes = await Deno.readFile(path);
  try {
    return (await pipeline.recognize(bytes)).embedding;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** For each person the embeddings of the photos that were not refused. */
export function embeddingsOf(people: readonly EmbeddedPerson[]): Float32Array[][] {
  return people.map(({ photos }) =>
    photos.flatMap(({ embedding }) => embedding === undefined ? [] : [embedding])
  );
}
