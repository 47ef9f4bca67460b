/**
 * Runs the command `deno task samples`: makes the sample pictures and the sample gallery. Prints
 * nothing when no file is missing. The models must exist before the gallery can be made.
 */

import { join, relative } from "node:path";
import { readNpmEnvironment } from "../models/fetch/npm_environment.ts";
import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { createProgress } from "../shared/progress.ts";
import { localModelPaths } from "../worker/commands/model_paths.ts";
import { PICTURE_MANIFEST } from "./manifest.ts";
import { makePictures } from "./pictures.ts";
import { makeSampleGallery } from "./sample_gallery.ts";

const folder = import.meta.dirname!;
try {
  const pictures = await makePictures(PICTURE_MANIFEST, {
    folder,
    npm: readNpmEnvironment(Deno.env),
    progress: createProgress(),
    warn: (sentence) => console.error(sentence),
  });
  const isGalleryNew = await makeSampleGallery({
    path: LOCAL_PATHS.gallery,
    pictures: folder,
    models: localModelPaths(Deno.env),
  });
  const written = [
    ...pictures.map(({ file }) => join(folder, file)),
    ...(isGalleryNew ? [LOCAL_PATHS.gallery] : []),
  ].map((path) => relative(Deno.cwd(), path));
  if (written.length > 0) console.log(`Wrote ${written.join(", ")}`);
  // Exits here, because open connections to the registry would delay the end of the process.
  Deno.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message.split("\n", 1)[0] : error);
  Deno.exit(1);
}
