// The gallery service must decide about real photos as a worker that holds the gallery does.

import { assert, assertEquals } from "@std/assert";
import { CALLS } from "../../gallery/fake_caller.ts";
import { installFake, UNLIMITED } from "../../gallery/fake_gallery.ts";
import { judge } from "../../matching/judge.ts";
import { createMatcher } from "../../matching/match.ts";
import { chooseScore } from "../../matching/score.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { acceptedEmbeddings, embedPhotos } from "../../worker/commands/embed_photos.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { buildGallery } from "../../worker/gallery/gallery.ts";
import { loadModels } from "../../worker/models.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { needs } from "../support/needs.ts";
import { labelledPhotos } from "./labelled_photos.ts";

const MATCH = { on: "confidence", threshold: 0.7 } as const;

needs("photos")("the gallery service decides about photos as a worker does", async () => {
  const { models, calibration, checksums } = await loadModels(localModelPaths(Deno.env));
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const folder = await listPhotoFolder(labelledPhotos().photos);
  const embedded = await embedPhotos(pipeline, folder.people, {
    progress: NO_PROGRESS,
    label: "",
  });
  const people = acceptedEmbeddings(embedded.people);
  // Half of the people have templates, two each.
  const enrolled = people.filter((_, person) => person % 2 === 0)
    .map((embeddings, i) => ({ userId: `user${i}`, templates: embeddings.slice(0, 2) }));
  const held = createMatcher(buildGallery(
    enrolled.flatMap(({ userId, templates }) =>
      templates.map((embedding) => ({
        user_id: userId,
        name: userId,
        embedding: [...embedding],
      }))
    ),
    CHECKOUT_MODEL.dimension,
  ));
  const rule = { score: chooseScore(MATCH.on, calibration), threshold: MATCH.threshold };

  await using installation = await installFake({ match: MATCH, tries: UNLIMITED });
  const replica = await installation.replica();
  const model = checksums.recognition;
  let photos = 0;
  for (const { userId, templates } of enrolled) {
    await replica.call(CALLS.putUser(userId, { name: userId }));
    for (const embedding of templates) {
      const photo_sha256 = (++photos).toString(16).padStart(64, "0");
      const added = await replica.call(
        CALLS.addTemplate(userId, embedding, { model, photo_sha256 }),
      );
      assertEquals(added.status, 201, `${userId}: ${JSON.stringify(added.body)}`);
    }
  }

  let matches = 0;
  for (const probe of people.flat()) {
    for (const only of [undefined, "user0"]) {
      const nearest = held(probe, only);
      const expected = judge(nearest, rule);
      const call = CALLS.decide(probe, { model, ...(only !== undefined && { user_id: only }) });
      const { body } = await replica.call(call);
      if (expected.kind !== "match") {
        const other = expected.kind === "ambiguous" ? "ambiguous_match" : false;
        assertEquals(body.code ?? body.matched, other);
        continue;
      }
      matches++;
      const { kind: _kind, ...scores } = expected;
      const user_id = nearest!.user.userId;
      assertEquals(body, { matched: true, user_id, user_name: user_id, ...scores });
    }
  }
  assert(matches >= 50, `${matches} matches`);
});
