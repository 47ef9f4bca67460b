/**
 * Runs the command `deno task samples`: makes the sample pictures and the sample gallery. Prints
 * nothing when no file is missing. The models must exist before the gallery can be made.
 */

import { join } from "node:path";
import { runFetchCommand } from "../models/fetch/run_fetch_command.ts";
import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { localModelPaths } from "../worker/commands/model_paths.ts";
import { PICTURE_MANIFEST } from "./manifest.ts";
import { makePictures } from "./pictures.ts";
import { makeSampleGallery } from "./sample_gallery.ts";

const folder = import.meta.dirname!;

await runFetchCommand(async (options) => {
  const pictures = await makePictures(PICTURE_MANIFEST, { ...options, folder });
  const isGalleryNew = await makeSampleGallery({
    path: LOCAL_PATHS.gallery,
    pictures: folder,
    models: localModelPaths(Deno.env),
  });
  return [
    ...pictures.map(({ file }) => join(folder, file)),
    ...(isGalleryNew ? [LOCAL_PATHS.gallery] : []),
  ];
});
