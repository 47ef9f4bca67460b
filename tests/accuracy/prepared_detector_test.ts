/** Compares the published detection model with the model that `deno task models` makes from it. */

import { assert, assertEquals } from "@std/assert";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { prepareModel } from "../../models/prepare/prepare_model.ts";
import { sha256 } from "../../shared/sha256.ts";
import { openSession } from "../../worker/inference/session.ts";
import { decode } from "../../worker/pipeline/decode.ts";
import { createFaceDetector } from "../../worker/pipeline/detect.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { needs } from "../support/needs.ts";
import { labelledPhotos } from "./labelled_photos.ts";
import { fetchPublishedDetector } from "./published_model.ts";

const published = await fetchPublishedDetector();
const prepared = prepareModel(published);

Deno.test("preparing the published detection model gives the model that the workers run", async () => {
  const { prepared_sha256, sha256: publishedSum } = MODEL_MANIFEST.models.detector;
  assertEquals(await sha256(published), publishedSum);
  assertEquals(await sha256(prepared.bytes), prepared_sha256);
  assertEquals(prepared.removed, 19);
});

needs("photos")(
  "the prepared detection model finds the same faces as the published one",
  async () => {
    await using before = await openSession(published, "published");
    await using after = await openSession(prepared.bytes, "prepared");
    const [findBefore, findAfter] = [before, after].map(createFaceDetector);
    const { people } = await listPhotoFolder(labelledPhotos().photos);
    let found = 0;
    for (const photo of people.flatMap(({ photos }) => photos)) {
      const image = await decode(await Deno.readFile(photo), { maxPixels: 1_000_000 });
      const expected = await findBefore!(image), actual = await findAfter!(image);
      assertEquals(actual.map(({ box }) => box), expected.map(({ box }) => box), photo);
      expected.forEach(({ score }, i) => assert(Math.abs(actual[i]!.score - score) <= 1e-6, photo));
      found += actual.length;
    }
    assert(found > 0);
  },
);
