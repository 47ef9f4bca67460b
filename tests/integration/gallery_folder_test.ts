import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { formatGallery } from "../../worker/commands/enroll/format_gallery.ts";
import { toInt8 } from "../../worker/commands/enroll/to_int8.ts";
import type { GalleryFile } from "../../worker/gallery/gallery_entry.ts";
import { readGalleryFile } from "../../worker/commands/enroll/gallery_file.ts";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { randomPeople } from "../support/random_people.ts";
import { sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary_folder.ts";

Deno.test("a worker can read a volume of several Secrets as one gallery", async () => {
  await using volume = await mount({
    // 1,000 strangers: enough that the worker loads usearch.
    "strangers.json": {
      entries: randomPeople(1000, 1, CHECKOUT_MODEL.dimension, 0).map(([embedding], i) => ({
        user_id: `stranger${i}`,
        name: `Stranger ${i}`,
        embedding_int8: toInt8(embedding!),
      })),
    },
    "users.json": (await readGalleryFile(LOCAL_PATHS.gallery))!,
  });
  await using service = await Service.ready({ EMBEDDINGS_PATH: volume.root, LOG_LEVEL: "debug" });
  const ready = service.log.find(({ msg }) => msg === "worker ready");
  assertEquals([ready?.["users"], ready?.["templates"]], [1003, 1003]);
  assertStringIncludes(`${ready?.["model"]}`, CHECKOUT_MODEL.path);
  const identify = async (picture: string, query = {}) => {
    const { text } = await service.post(await sample(picture), { query });
    const { matched, user_id } = JSON.parse(text);
    return matched ? user_id : matched;
  };
  assertEquals(await identify("user1_similar.png"), "user1");
  assertEquals(await identify("user2.png", { user_id: "user2" }), "user2");
  assertEquals(await identify("user2.png", { user_id: "stranger7" }), false);
  assertEquals(await identify("different.png"), false);
});

Deno.test("the service does not start with an empty volume, and the error names the volume", async () => {
  await using volume = await mount({});
  await using service = new Service({ EMBEDDINGS_PATH: volume.root });
  assertEquals(await service.exitCode(), 1);
  const text = service.lines.join("\n");
  assert(text.includes(`The gallery folder ${volume.root} has no *.json file`), text);
});

/** Makes a folder with the links that Kubernetes makes in a projected volume. */
async function mount(
  files: Readonly<Record<string, GalleryFile>>,
): Promise<TemporaryFolder> {
  const volume = await temporaryFolder();
  const data = "..2026_11_24_10_00_00.123456789";
  await Deno.mkdir(volume.path(data));
  await Deno.symlink(data, volume.path("..data"));
  for (const [name, content] of Object.entries(files)) {
    await volume.write(`${data}/${name}`, formatGallery(content));
    await Deno.symlink(`..data/${name}`, volume.path(name));
  }
  return volume;
}
