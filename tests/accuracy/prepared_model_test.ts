/**
 * Compares the published small recognition model with the model that `deno task models` makes from it.
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "node:path";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { prepareModel } from "../../models/prepare/prepare_model.ts";
import { sha256 } from "../../shared/sha256.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { embedPhotos } from "../../worker/commands/embed_photos.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { loadModels } from "../../worker/models.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import {
  comparePairs,
  falseAcceptanceRate,
  falseRejectionRate,
  tarAtZeroFar,
} from "../../worker/commands/accuracy/evaluate.ts";
import { similarityThreshold } from "../../worker/commands/accuracy/similarity_threshold.ts";
import { needs } from "../support/needs.ts";
import { ROOT } from "../support/checkout.ts";
import { labelledPhotos } from "./labelled_photos.ts";
import { fetchPublishedModel } from "./published_model.ts";
import { DEFAULT_CONFIDENCE } from "../../worker/commands/accuracy/default_confidence.ts";

const { prepared_sha256, calibration } = MODEL_MANIFEST.models.recognition.small;
const publishedModel = await fetchPublishedModel();
const preparedModel = prepareModel(publishedModel);
const { models } = await loadModels({ ...localModelPaths(new Map()), calibration: undefined });

Deno.test("preparing the published model gives the model that the workers run", async () => {
  const { bytes, channels, zeroed, rewritten } = preparedModel;
  assertEquals(await sha256(bytes), prepared_sha256!);
  assertEquals([channels, zeroed > 10_000, rewritten], [1168, true, 33]);
});

Deno.test("the prepared model and the published model give the same embeddings of real faces", async () => {
  const names = ["user1", "user1_similar", "user2", "user3", "different"];
  const photos = names.map((name) => join(ROOT, "test-data", `${name}.png`));
  const [before, after] = await embedWithBoth([{ photos }]);
  assertEquals(before!.flat().filter((embedding) => embedding === undefined), []);
  assertSame(before!, after!);
});

needs("photos")("the prepared model is as accurate as the published one", async () => {
  const { people } = await listPhotoFolder(labelledPhotos().photos);
  const [before, after] = await embedWithBoth(people);
  assertSame(before!, after!);
  const [published, prepared] = [comparePairs(before!), comparePairs(after!)];
  const [a, b] = [tarAtZeroFar(published), tarAtZeroFar(prepared)];
  assertEquals(b.tar, a.tar);
  assertAlmostEquals(b.highestImpostor, a.highestImpostor, 1e-5);
  const threshold = similarityThreshold(DEFAULT_CONFIDENCE, 1, calibration);
  for (const rate of [falseAcceptanceRate, falseRejectionRate]) {
    assertEquals(rate(prepared, threshold), rate(published, threshold));
  }
});

type Embeddings = (Float32Array | undefined)[][];

/** Returns the embeddings by the published model, then those by the prepared one. */
async function embedWithBoth(
  people: readonly { readonly photos: readonly string[] }[],
): Promise<Embeddings[]> {
  const results: Embeddings[] = [];
  for (const recognition of [publishedModel, preparedModel.bytes]) {
    await using pipeline = await createPipeline({ ...models, recognition }, {
      maxPixels: 1_000_000,
    });
    const embedded = await embedPhotos(pipeline, people, { progress: NO_PROGRESS, label: "" });
    results.push(embedded.people.map((photos) => photos.map(({ embedding }) => embedding)));
  }
  return results;
}

function assertSame(before: Embeddings, after: Embeddings): void {
  let worst = 0, compared = 0;
  before.flat().forEach((embedding, i) => {
    const prepared = after.flat()[i];
    assertEquals(prepared?.length, embedding?.length);
    embedding?.forEach((value, k) => {
      worst = Math.max(worst, Math.abs(prepared![k]! - value));
      compared++;
    });
  });
  assert(compared > 0);
  assert(worst <= 1e-5, `The embeddings differ by ${worst}`);
}
