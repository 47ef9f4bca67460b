import { assert, assertEquals } from "@std/assert";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { lockGallery } from "../commands/enroll/gallery_lock.ts";
import { watchGallery } from "./gallery_watch.ts";

Deno.test("an unchanged gallery keeps its fingerprint", async () => {
  await using folder = await temporaryFolder({ "a.json": "1", "b.json": "2" });
  for (const path of [folder.root, folder.path("a.json")]) {
    const watch = await watchGallery(path);
    assertEquals(await watch.look(), watch.first);
    assertEquals((await watchGallery(path)).first, watch.first);
  }
});

Deno.test("every kind of change gives another fingerprint", async (t) => {
  const changes: Record<string, (path: (name: string) => string) => Promise<void>> = {
    "a file is written in place": (path) => Deno.writeTextFile(path("g/a.json"), "22"),
    "a file is replaced": async (path) => {
      await Deno.writeTextFile(path("new"), "1");
      await Deno.rename(path("new"), path("g/a.json"));
    },
    "a file is removed": (path) => Deno.remove(path("g/a.json")),
    "the folder is removed": (path) => Deno.remove(path("g"), { recursive: true }),
    "the folder is replaced": async (path) => {
      await Deno.rename(path("g"), path("old"));
      await Deno.mkdir(path("g"));
      await Deno.writeTextFile(path("g/a.json"), "1");
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    await t.step(name, async () => {
      await using folder = await temporaryFolder({ "g/a.json": "1" });
      const watches = [
        await watchGallery(folder.path("g")),
        await watchGallery(folder.path("g/a.json")),
      ];
      await change(folder.path);
      for (const watch of watches) assert(await watch.look() !== watch.first);
    });
  }
});

Deno.test("a file that is added to a folder gives another fingerprint", async () => {
  await using folder = await temporaryFolder({ "a.json": "1" });
  const watch = await watchGallery(folder.root);
  await folder.write("b.json", "2");
  assert(await watch.look() !== watch.first);
});

Deno.test("files that are no gallery files do not change the fingerprint", async () => {
  await using folder = await temporaryFolder({ "a.json": "1" });
  const watch = await watchGallery(folder.root);
  for (const name of ["notes.txt", ".a.json", ".a.json.lock"]) {
    await folder.write(name, "1");
    assertEquals(await watch.look(), watch.first, name);
  }
  await Deno.remove(folder.path("notes.txt"));
  assertEquals(await watch.look(), watch.first);
  assertEquals((await watchGallery(folder.root)).first, watch.first);
});

Deno.test("the lock of an enrolment that writes nothing does not change the fingerprint", async () => {
  await using folder = await temporaryFolder({ "a.json": "1" });
  const watch = await watchGallery(folder.root);
  {
    await using _lock = await lockGallery(folder.path("a.json"));
    assertEquals(await watch.look(), watch.first);
  }
  assertEquals(await watch.look(), watch.first);
  await folder.write("a.json", "22");
  assert(await watch.look() !== watch.first);
});

Deno.test("a file with another name gives another fingerprint", async () => {
  await using folder = await temporaryFolder({ "a.json": "1" });
  const watch = await watchGallery(folder.root);
  await Deno.link(folder.path("a.json"), folder.path("b.json"));
  await Deno.remove(folder.path("a.json"));
  const renamed = await watch.look();
  assert(renamed !== watch.first);
  assertEquals((await watchGallery(folder.root)).first, renamed);
});

Deno.test("a gallery that does not exist yet is watched, too", async () => {
  await using folder = await temporaryFolder();
  const watch = await watchGallery(folder.path("a.json"));
  await folder.write("a.json", "1");
  assert(await watch.look() !== watch.first);
});
