import { assert, assertEquals, assertRejects } from "@std/assert";
import { seededRandom } from "../../tests/support/seeded_random.ts";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { ConfigError } from "../../shared/env.ts";
import { type TemporaryFolder, temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { openStore } from "../store/open_store.ts";
import { parseTemplateKeys } from "../../shared/template_keys.ts";
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import { type LocalData, prepareData } from "./prepare_data.ts";

const OLD_MODEL = "a".repeat(64), NEW_MODEL = "b".repeat(64);
const collection = "default";

/** Returns a gallery file of the sample people. Another seed makes other embeddings. */
function sampleGallery(model: string, seed: number, names = ["User One", "User Two"]): string {
  const random = seededRandom(seed);
  const embeddings = names.map((name, i) => ({
    user_id: `user${i + 1}`,
    name,
    embedding: Array.from({ length: 8 }, () => random() - 0.5),
  }));
  return JSON.stringify({ model_sha256: model, embeddings });
}

async function dataIn(folder: TemporaryFolder, samples: string): Promise<LocalData> {
  return {
    store: folder.path("data/gallery"),
    templateKeys: folder.path("data/template-keys"),
    samples: await folder.write("samples.json", samples),
  };
}

async function openData({ store, templateKeys }: LocalData) {
  return await openStore(store, { keys: parseTemplateKeys(await Deno.readTextFile(templateKeys)) });
}

/** Returns the models of each user's templates. */
async function modelsOf(data: LocalData): Promise<Record<string, string[]>> {
  await using store = await openData(data);
  const users = await Array.fromAsync(store.readUsers());
  return Object.fromEntries(
    users.map(({ userId, templates }) => [userId, templates.map(({ model }) => model)]),
  );
}

Deno.test("the first start makes a private folder and private keys, and imports the sample people", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  assertEquals(await modelsOf(data), { user1: [OLD_MODEL], user2: [OLD_MODEL] });
  for (
    const [path, mode] of [
      [folder.path("data"), 0o700],
      [data.store, 0o700],
      [data.templateKeys, 0o600],
      [folder.path("data/gallery/gallery.db"), 0o600],
    ] as const
  ) {
    assertEquals((await Deno.stat(path)).mode! & 0o777, mode, path);
  }
});

Deno.test("a later start overwrites no keys and imports nobody again", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  const keys = await Deno.readTextFile(data.templateKeys);
  {
    await using store = await openData(data);
    await store.deleteUser({ collection, userId: "user1" });
  }
  await prepareData(data);
  assertEquals(await Deno.readTextFile(data.templateKeys), keys);
  assertEquals(await modelsOf(data), { user2: [OLD_MODEL] });
});

Deno.test("sample people stay deleted although all users were deleted", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  {
    await using store = await openData(data);
    for (const userId of ["user1", "user2"]) await store.deleteUser({ collection, userId });
  }
  await prepareData(data);
  assertEquals(await modelsOf(data), {});
});

Deno.test("a folder that exists keeps its mode, and what is put there is private", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(folder.path("data"));
  await Deno.chmod(folder.path("data"), 0o755);
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  const modes = await Promise.all(
    [folder.path("data"), data.store, data.templateKeys].map((path) => Deno.stat(path)),
  );
  assertEquals(modes.map(({ mode }) => mode! & 0o777), [0o755, 0o700, 0o600]);
});

Deno.test("lost keys stop the start, and no new keys are made", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  await Deno.remove(data.templateKeys);
  await assertRejects(() => prepareData(data), ConfigError, "are missing");
  await assertRejects(() => Deno.stat(data.templateKeys), Deno.errors.NotFound);
});

Deno.test("a start that was interrupted after the keys were made continues with them", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  const keys = await Deno.readTextFile(data.templateKeys);
  await Deno.remove(data.store, { recursive: true });
  await prepareData(data);
  assertEquals(await Deno.readTextFile(data.templateKeys), keys);
  assertEquals(Object.keys(await modelsOf(data)), ["user1", "user2"]);
});

Deno.test("after a change of the model, the sample people get templates of the new model", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  {
    await using store = await openData(data);
    await store.deleteUser({ collection, userId: "user2" });
  }
  await dataIn(folder, sampleGallery(NEW_MODEL, 2));
  const both = { user1: [OLD_MODEL, NEW_MODEL] };
  for (let start = 0; start < 2; start++) {
    await prepareData(data);
    assertEquals(await modelsOf(data), both);
  }
  // Back to the old model: its templates are still there.
  await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  assertEquals(await modelsOf(data), both);
});

Deno.test("a prepared file of the same model adds no template", async () => {
  await using folder = await temporaryFolder();
  const { sha256, prepared_sha256 } = MODEL_MANIFEST.models.recognition.small;
  const data = await dataIn(folder, sampleGallery(sha256, 1));
  await prepareData(data);
  await dataIn(folder, sampleGallery(prepared_sha256!, 2));
  await prepareData(data);
  assertEquals(await modelsOf(data), { user1: [sha256], user2: [sha256] });
});

Deno.test("somebody else with the user_id of a sample person gets no template of the sample person", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  {
    await using store = await openData(data);
    await store.deleteUser({ collection, userId: "user1" });
    await store.putUser({ collection, userId: "user1" }, { name: "User One" });
    await store.addTemplate({ collection, userId: "user1" }, {
      model: OLD_MODEL,
      embedding: new Float32Array([1]),
      photo: new Uint8Array(32),
    });
  }
  await dataIn(folder, sampleGallery(NEW_MODEL, 2));
  await prepareData(data);
  assertEquals(await modelsOf(data), { user1: [OLD_MODEL], user2: [OLD_MODEL, NEW_MODEL] });
});

Deno.test("a person of the sample gallery who is no sample person gets no template later", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, sampleGallery(OLD_MODEL, 1, ["Alice", "User Two"]));
  await prepareData(data);
  await dataIn(folder, sampleGallery(NEW_MODEL, 2, ["Alice", "User Two"]));
  await prepareData(data);
  assertEquals(await modelsOf(data), { user1: [OLD_MODEL], user2: [OLD_MODEL, NEW_MODEL] });
});

Deno.test("a bad sample gallery stops the first start, and no later one", async () => {
  await using folder = await temporaryFolder();
  const data = await dataIn(folder, "no gallery");
  await assertRejects(() => prepareData(data), GalleryError, "not valid JSON");
  await dataIn(folder, sampleGallery(OLD_MODEL, 1));
  await prepareData(data);
  await dataIn(folder, "no gallery");
  await prepareData(data);
  assertEquals(Object.keys(await modelsOf(data)), ["user1", "user2"]);
});

Deno.test("without a sample gallery, the store begins without users", async () => {
  await using folder = await temporaryFolder();
  const data = { ...await dataIn(folder, ""), samples: folder.path("none.json") };
  await prepareData(data);
  assertEquals(await modelsOf(data), {});
  assert((await Deno.stat(data.templateKeys)).isFile);
});
