/**
 * Embeds every n-th photo of a folder, as a process of its own. Prints a line of JSON for each photo.
 * Arguments: the folder, the list of photos, the recognition model, the index of the first photo, n.
 */

import { choosePhotos } from "../../worker/commands/accuracy/photo_list.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { embedPhotos } from "../../worker/commands/embed_photos.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { loadModels } from "../../worker/models.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import type { EmbeddedLine } from "./embed_in_processes.ts";

const [folder, list, recognition, first, step] = Deno.args as [
  string,
  string,
  string,
  string,
  string,
];
const paths = { ...localModelPaths(Deno.env), recognition, calibration: undefined };
await using pipeline = await createPipeline((await loadModels(paths)).models, {
  maxPixels: 1_000_000,
});
const people = await choosePhotos(list, folder, (await listPhotoFolder(folder)).people);
const photos = people.flatMap(({ photos }) => photos)
  .filter((_, i) => i % Number(step) === Number(first));
const embedded = await embedPhotos(pipeline, [{ photos }], { progress: NO_PROGRESS, label: "" });
for (const { path, face } of embedded.people[0]!) {
  const line: EmbeddedLine = face === undefined
    ? { path }
    : { path, quality: face.quality, embedding: [...face.embedding] };
  console.log(JSON.stringify(line));
}
