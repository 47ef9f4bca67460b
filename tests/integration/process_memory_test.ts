// What the memory of each part holds: docs/privacy.md. The memory is read by root.

import { assert, assertEquals } from "@std/assert";
import { openLocalEmbedder } from "../support/embedded_people.ts";
import { CALLS, installGallery } from "../support/gallery_service.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { searchMemory } from "../support/process_memory.ts";
import { embeddingForms, privateKeyForms, templateKeyForms } from "../support/secret_forms.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const USERS = ["user1", "user2", "user3"];
const WORKER = { POOL_SIZE: "1", REQUESTS_PER_WORKER: "1000" };

/** Returns the embeddings of the sample users' photos, and the model that made them. */
async function sampleTemplates(): Promise<
  { readonly templates: ReadonlyMap<string, Float32Array>; readonly model: string }
> {
  await using embedder = await openLocalEmbedder();
  const templates = new Map<string, Float32Array>();
  for (const user of USERS) {
    const { embedding } = await embedder.embed(await sample(`${user}.png`), { forTemplate: true });
    templates.set(user, embedding);
  }
  return { templates, model: embedder.model };
}

const formsOf = (templates: ReadonlyMap<string, Float32Array>) =>
  new Map([...templates].map(([user, embedding]) => [user, embeddingForms(embedding)]));

/** Recognises other photos than the enrolled ones, and a stranger. */
async function serveRequests(service: Service): Promise<void> {
  const expected = [["user1_similar.png", "user1"], ["different.png", undefined]] as const;
  for (const [picture, userId] of [...expected, ...expected]) {
    const { status, text } = await service.post(await sample(picture));
    assertEquals([status, JSON.parse(text).user_id], [200, userId], text);
  }
}

needs("memory")(
  "no worker's memory has a template or a private key, and each key is in one part alone",
  async () => {
    const { templates, model } = await sampleTemplates();
    await using installation = await installGallery();
    await using gallery = installation.start();
    await gallery.untilReady();
    for (const [user, embedding] of templates) {
      // The workers never see these photos.
      const claims = { model, photo_sha256: user.at(-1)!.repeat(64) };
      const put = await installation.call(gallery, CALLS.putUser(user, { name: user }));
      assertEquals(put.status, 201, put.text);
      const add = await installation.call(gallery, CALLS.addTemplate(user, embedding, claims));
      assertEquals(add.status, 201, add.text);
    }
    await using api = await Service.ready({ ...installation.apiEnv(gallery), ...WORKER });
    await api.untilFull(1);
    await serveRequests(api);

    const templateKey = await Deno.readTextFile(installation.folder.path("template-keys"));
    const secrets = new Map([
      ...formsOf(templates),
      ["token key", privateKeyForms(installation.keys.privatePem)],
      ["template key", templateKeyForms(templateKey)],
    ]);
    const [worker] = await api.workers();
    const inWorker = await searchMemory(worker!, secrets);
    assert(inWorker.bytes > 100e6, `${inWorker.bytes} bytes`);
    assertEquals(inWorker.found, []);
    assertEquals((await searchMemory(api.pid, secrets)).found, ["token key"]);
    assertEquals((await searchMemory(gallery.pid, secrets)).found, ["template key", ...USERS]);
    // The parts have not ended by being stopped.
    await serveRequests(api);
  },
);

needs("memory")(
  "the same search finds the templates when the workers hold the gallery",
  async () => {
    const { templates, model } = await sampleTemplates();
    await using folder = await temporaryFolder({
      "gallery.json": JSON.stringify({
        model,
        embeddings: [...templates].map(([user_id, embedding]) => ({
          user_id,
          name: user_id,
          embedding: [...embedding],
        })),
      }),
    });
    await using api = await Service.ready({
      ...WORKER,
      EMBEDDINGS_PATH: folder.path("gallery.json"),
    });
    await api.untilFull(1);
    await serveRequests(api);
    const [worker] = await api.workers();
    assertEquals((await searchMemory(worker!, formsOf(templates))).found, USERS);
  },
);
