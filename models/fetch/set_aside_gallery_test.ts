import { assertEquals } from "@std/assert";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
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
