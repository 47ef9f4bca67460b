import { assert, assertEquals } from "@std/assert";
import { chooseScore } from "../../matching/score.ts";
import { acceptedEmbeddings, embedPhotos } from "../../worker/commands/embed_photos.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { buildGallery } from "../../worker/gallery/gallery.ts";
import { createMatcher } from "../../matching/match.ts";
import { loadModels } from "../../worker/models.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { needs } from "../support/needs.ts";
import { labelledPhotos } from "./labelled_photos.ts";

needs("photos")("no good photo matches two users", async () => {
  const { models, calibration } = await loadModels(localModelPaths(Deno.env));
  const score = chooseScore("confidence", calibration);
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const { people } = await listPhotoFolder(labelledPhotos().photos);
  const embedded = await embedPhotos(pipeline, people, { progress: NO_PROGRESS, label: "" });
  const entries = acceptedEmbeddings(embedded.people).flatMap((embeddings, person) =>
    embeddings.map((embedding) => ({ user_id: `${person}`, name: "", embedding: [...embedding] }))
  );
  let matches = 0, ambiguous = 0;
  let highest = 0;
  entries.forEach((probe, i) => {
    const others = entries.filter((_, j) => j !== i);
    const nearest = createMatcher(buildGallery(others, CHECKOUT_MODEL.dimension))(
      Float32Array.from(probe.embedding),
    )!;
    const runnerUp = score({ ...nearest, similarity: nearest.runnerUp! });
    if (score(nearest) >= 0.7) matches++;
    if (runnerUp >= 0.7) ambiguous++;
    highest = Math.max(highest, runnerUp);
  });
  assertEquals(ambiguous, 0);
  assert(matches >= 95, `${matches} of ${entries.length} photos match`);
  assert(highest < 0.1, `the highest confidence of a second user is ${highest}`);
});
