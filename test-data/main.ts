/**
 * The command `deno task samples`: makes the sample pictures and the sample gallery. It needs the
 * models in place.
 */

import { readNpmEnvironment } from "../models/fetch/npm_environment.ts";
import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { createProgress } from "../shared/progress.ts";
import { localModelPaths } from "../worker/commands/model_paths.ts";
import { PICTURE_MANIFEST } from "./manifest.ts";
import { makePictures } from "./pictures.ts";
import { makeSampleGallery } from "./sample_gallery.ts";

/** Makes what is missing. Returns what was made, in one line. */
async function makeSamples(folder: string): Promise<string> {
  const pictures = await makePictures(PICTURE_MANIFEST, {
    folder,
    npm: readNpmEnvironment(Deno.env),
    progress: createProgress(),
    warn: (sentence) => console.error(sentence),
  });
  const gallery = await makeSampleGallery({
    path: LOCAL_PATHS.gallery,
    pictures: folder,
    models: localModelPaths(Deno.env),
  });
  const made = [
    ...pictures.map(({ file }) => `test-data/${file}`),
    ...(gallery ? ["test-data/embeddings.json"] : []),
  ];
  return made.length === 0
    ? "The sample pictures and the sample gallery are in place"
    : `Made ${made.join(", ")}`;
}

if (import.meta.main) {
  try {
    console.log(await makeSamples(import.meta.dirname!));
    // Exit now: kept-alive connections would delay the end of the process.
    Deno.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message.split("\n", 1)[0] : error);
    Deno.exit(1);
  }
}
