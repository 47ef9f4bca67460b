import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Gallery } from "../matching/gallery.ts";
import { createMatcher } from "../matching/match.ts";
import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { CHECKOUT_MODEL } from "../tests/support/checkout_model.ts";
import { temporaryFolder } from "../tests/support/temporary_folder.ts";
import { parseGallery } from "../worker/gallery/gallery.ts";
import { ModelError } from "../worker/inference/session.ts";
import { loadModels, type ModelPaths } from "../worker/models.ts";
import { createPipeline } from "../worker/pipeline/pipeline.ts";
import { makeSampleGallery } from "./sample_gallery.ts";

const PICTURES = fileURLToPath(new URL(".", import.meta.url));
const MODELS = { ...LOCAL_PATHS, calibration: undefined, liveness: undefined };

/** Makes a folder for a gallery. */
async function createTarget() {
  const folder = await temporaryFolder();
  const path = folder.path("embeddings.json");
  return {
    path,
    make: (models: ModelPaths = MODELS): Promise<boolean> =>
      makeSampleGallery({ path, pictures: PICTURES, models }),
    read: async (): Promise<Gallery> =>
      parseGallery(await Deno.readTextFile(path), CHECKOUT_MODEL.dimension),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

Deno.test("the sample gallery matches user1 in another picture, and nobody in different.png", async () => {
  await using target = await createTarget();
  assertEquals(await target.make(), true);
  const { checksums } = await loadModels(MODELS);
  assertEquals(
    JSON.parse(await Deno.readTextFile(target.path)).model_sha256,
    checksums.recognition,
  );
  const gallery = await target.read();
  assertEquals(gallery.users, [
    { userId: "user1", name: "User One" },
    { userId: "user2", name: "User Two" },
    { userId: "user3", name: "User Three" },
  ]);
  await using pipeline = await createPipeline((await loadModels(MODELS)).models, {
    maxPixels: 1_000_000,
  });
  const nearest = async (picture: string) => {
    const bytes = await Deno.readFile(join(PICTURES, picture));
    return createMatcher(gallery)((await pipeline.recognize(bytes)).embedding)!;
  };
  const similar = await nearest("user1_similar.png");
  assertEquals(similar.user.userId, "user1");
  assert(similar.similarity > 0.55, `user1_similar: ${similar.similarity}`);
  const different = await nearest("different.png");
  assert(different.similarity < 0.2, `different: ${different.similarity}`);
});

Deno.test("an existing gallery file does not change, even when it is not a gallery", async () => {
  await using target = await createTarget();
  await Deno.writeTextFile(target.path, "somebody's work");
  assertEquals(await target.make(), false);
  assertEquals(await Deno.readTextFile(target.path), "somebody's work");
});

Deno.test("a missing model is an error, and its one-line message names the model", async () => {
  await using target = await createTarget();
  const error = await assertRejects(
    () => target.make({ ...MODELS, detector: "no/such/model.onnx" }),
    ModelError,
    "The model no/such/model.onnx cannot be read",
  );
  assert(!error.message.includes("\n"), error.message);
});
