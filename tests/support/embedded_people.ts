/** People with photos and with the embeddings that a worker makes of them. */

import { join } from "node:path";
import { loadModels } from "../../worker/models.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { createFaceEmbedder, type FaceEmbedder } from "../../worker/face_embedder.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import type { ObservedFace } from "../../shared/contract/observed_face.ts";
import { cosine } from "../../matching/vector.ts";
import type { Picture } from "./pictures.ts";

/** A photo and what a worker sees in it. */
export interface EmbeddedPhoto {
  readonly picture: Picture;
  /** The same bits as a worker's. */
  readonly embedding: Float32Array;
  readonly face: ObservedFace;
}

/** A person with photos that resemble each other. */
export interface EmbeddedPerson {
  readonly userId: string;
  readonly enrolled: EmbeddedPhoto;
  /** Other photos, which surely match the enrolled one. */
  readonly others: readonly EmbeddedPhoto[];
}

/** People and the model that made their embeddings. */
export interface EmbeddedPeople {
  readonly people: readonly EmbeddedPerson[];
  /** sha256 of the recognition model. */
  readonly model: string;
}

/** Embeds pictures in the process of the test, to the same bits as a worker. */
export interface LocalEmbedder extends AsyncDisposable {
  readonly embed: FaceEmbedder;
  /** sha256 of the recognition model. */
  readonly model: string;
}

/** Similarity far above the threshold of both models. */
const SURE_MATCH = 0.6;

/** Loads the models of this checkout, as a worker does. */
export async function openLocalEmbedder(): Promise<LocalEmbedder> {
  const { models, checksums, quality } = await loadModels(localModelPaths(Deno.env));
  const pipeline = await createPipeline(models, {
    maxPixels: 51_000_000,
    quality,
    turnUpright: true,
  });
  return {
    embed: createFaceEmbedder(pipeline),
    model: checksums.recognition,
    [Symbol.asyncDispose]: () => pipeline[Symbol.asyncDispose](),
  };
}

/**
 * Embeds photos with the models of this checkout, as a worker does. A person is left out when no
 * photo surely matches another one.
 *
 * @param folder Folder with the photos, as <person>/<photo>
 * @param photos Number of photos of each person
 */
export async function embedPeople(folder: string, photos: number): Promise<EmbeddedPeople> {
  await using embedder = await openLocalEmbedder();
  const { embed, model } = embedder;
  const people: EmbeddedPerson[] = [];
  for (const person of await sortedNames(folder)) {
    const embedded: EmbeddedPhoto[] = [];
    for (const name of (await sortedNames(join(folder, person))).slice(0, photos)) {
      const picture = await Deno.readFile(join(folder, person, name));
      const seen = await embed(picture, { forTemplate: true }).catch(() => undefined);
      if (seen !== undefined) embedded.push({ picture, ...seen });
    }
    const [enrolled, ...rest] = embedded;
    if (enrolled === undefined) continue;
    const others = rest.filter(({ embedding }) =>
      cosine(embedding, enrolled.embedding) >= SURE_MATCH
    );
    if (others.length > 0) people.push({ userId: person, enrolled, others });
  }
  return { people, model };
}

async function sortedNames(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).toSorted();
}
