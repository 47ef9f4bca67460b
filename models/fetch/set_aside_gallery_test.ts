import { assertEquals } from "@std/assert";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { MODEL_MANIFEST, type RecognitionName } from "../manifest.ts";
import { setAsideGallery } from "./set_aside_gallery.ts";

Deno.test("each model has a sample gallery of its own, and no gallery is lost", async () => {
  await using folder = await temporaryFolder({ "embeddings.json": "of small" });
  const path = folder.path("embeddings.json");
  const said: string[] = [];
  const change = (from: string, to: string) =>
    setAsideGallery({ path, from, to }, (sentence) => said.push(sentence));
  const read = (name: string) => Deno.readTextFile(folder.path(name)).catch(() => undefined);

  await change("small", "sface");
  assertEquals(await read("embeddings.json"), undefined);
  assertEquals(await read("embeddings.small.json"), "of small");
  assertEquals(said, [
    `The sample gallery belongs to the model before (small) and is now ${
      folder.path("embeddings.small.json")
    }`,
    "To make a sample gallery for this model: deno task samples",
  ]);

  await folder.write("embeddings.json", "of sface");
  await change("sface", "small");
  assertEquals(await read("embeddings.json"), "of small");
  assertEquals(await read("embeddings.sface.json"), "of sface");

  await Deno.remove(path);
  await change("small", "sface");
  assertEquals(await read("embeddings.json"), "of sface");
});

/** Content of a gallery that names its model. */
function galleryOf(name: RecognitionName, content = "[]"): string {
  const { sha256, prepared_sha256 = sha256 } = MODEL_MANIFEST.models.recognition[name];
  return `{"model_sha256":"${prepared_sha256}","embeddings":${content}}\n`;
}

Deno.test("a change that was interrupted before the gallery was renamed is completed", async () => {
  const small = galleryOf("small"), sface = galleryOf("sface");
  await using folder = await temporaryFolder({ "a.json": small, "a.sface.json": sface });
  const path = folder.path("a.json");
  // The model is already the new one, so nothing is replaced.
  await setAsideGallery({ path, from: undefined, to: "sface" }, () => {});
  assertEquals(await Deno.readTextFile(path), sface);
  assertEquals(await Deno.readTextFile(folder.path("a.small.json")), small);
});

Deno.test("a gallery never takes the name of another one", async () => {
  const [first, second, third] = ["[1]", "[2]", "[3]"].map((list) => galleryOf("small", list));
  await using folder = await temporaryFolder({
    "a.json": third!,
    "a.small.json": first!,
    "a.small.2.json": second!,
  });
  const path = folder.path("a.json");
  // Changes from SFace, but the gallery is one of the small model: it stays.
  await setAsideGallery({ path, from: "sface", to: "small" }, () => {});
  assertEquals(await Deno.readTextFile(path), third);
  await setAsideGallery({ path, from: "small", to: "sface" }, () => {});
  const names = ["a.small.json", "a.small.2.json", "a.small.3.json"];
  assertEquals(
    await Promise.all(names.map((name) => Deno.readTextFile(folder.path(name)))),
    [first, second, third],
  );
});

Deno.test("a gallery stays when its model is unknown and none was replaced", async () => {
  const unknown = `{"model_sha256":"${"a".repeat(64)}","embeddings":[]}`;
  await using folder = await temporaryFolder({ "a.json": unknown, "a.sface.json": "of sface" });
  const path = folder.path("a.json");
  await setAsideGallery({ path, from: undefined, to: "sface" }, () => {});
  assertEquals(await Deno.readTextFile(path), unknown);
});
