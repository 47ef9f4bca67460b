import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { type Gallery, parseGallery } from "../worker/gallery/gallery.ts";
import { createMatcher } from "../worker/gallery/match.ts";
import { loadModels } from "../worker/models.ts";
import { createPipeline } from "../worker/pipeline/pipeline.ts";
import { makeSampleGallery } from "./sample_gallery.ts";

const PICTURES = fileURLToPath(new URL(".", import.meta.url));
const MODELS = { ...LOCAL_PATHS, calibration: undefined };

/** A place for a gallery. */
class Target implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly path = join(this.folder, "embeddings.json");

  make(): Promise<boolean> {
    return makeSampleGallery({ path: this.path, pictures: PICTURES, models: MODELS });
  }

  async read(): Promise<Gallery> {
    return parseGallery(await Deno.readTextFile(this.path), 512);
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("the sample gallery recognises user1 by another photo and nobody in different", async () => {
  await using target = new Target();
  assertEquals(await target.make(), true);
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

Deno.test("a gallery that is there is left alone, whatever it holds", async () => {
  await using target = new Target();
  await Deno.writeTextFile(target.path, "somebody's work");
  assertEquals(await target.make(), false);
  assertEquals(await Deno.readTextFile(target.path), "somebody's work");
});
