import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../../tests/support/temporary_folder.ts";
import { GalleryError } from "../../gallery/gallery_entry.ts";
import { lockGallery, type LockWaiting } from "./gallery_lock.ts";

/** Counts the waits instead of waiting. `during` runs in each wait. */
function countedWaiting(during: (waits: number) => Promise<void> | void = () => {}) {
  const told: string[] = [];
  let waits = 0;
  const waiting: LockWaiting = {
    timeoutMs: 1000,
    retryMs: 100,
    tell: (line) => told.push(line),
    sleep: async () => {
      await during(++waits);
    },
  };
  return { waiting, told, waits: () => waits };
}

Deno.test("a free gallery is locked without a wait, and nothing is left in the folder", async () => {
  await using folder = await temporaryFolder();
  const { waiting, told, waits } = countedWaiting();
  for (let i = 0; i < 2; i++) {
    await using _lock = await lockGallery(folder.path("g.json"), waiting);
  }
  assertEquals([told, waits()], [[], 0]);
  assertEquals(await Array.fromAsync(Deno.readDir(folder.root)), []);
});

Deno.test("a second lock waits until the first one ends, and says so once", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("g.json");
  const first = await lockGallery(path, countedWaiting().waiting);
  const second = countedWaiting(async (waits) => {
    if (waits === 3) await first[Symbol.asyncDispose]();
  });
  {
    await using _lock = await lockGallery(path, second.waiting);
  }
  assertEquals(second.waits(), 3);
  assertEquals(second.told, [`Waiting for another command that writes ${path} …`]);
  assertEquals(await Array.fromAsync(Deno.readDir(folder.root)), []);
});

Deno.test("after a wait of timeoutMs, the error says what to do", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("g.json");
  await using _lock = await lockGallery(path, countedWaiting().waiting);
  const second = countedWaiting();
  await assertRejects(
    () => lockGallery(path, second.waiting),
    GalleryError,
    `${path} has been in use by another command for more than 1 seconds. Nothing was written`,
  );
  assertEquals(second.waits(), 10);
});

Deno.test("a link to a gallery has the lock of the gallery; another gallery has its own", async () => {
  await using folder = await temporaryFolder({ "store/g.json": "{}", "other.json": "{}" });
  await Deno.symlink(folder.path("store/g.json"), folder.path("link.json"));
  await using _lock = await lockGallery(folder.path("link.json"), countedWaiting().waiting);
  for (const same of ["store/g.json", "link.json", "store/../store/g.json"]) {
    const another = () => lockGallery(folder.path(same), countedWaiting().waiting);
    await assertRejects(another, GalleryError, "has been in use");
  }
  await using _other = await lockGallery(folder.path("other.json"), countedWaiting().waiting);
});

Deno.test("a lock file that a killed process left does not lock", async () => {
  await using folder = await temporaryFolder({ ".g.json.lock": "" });
  const { waiting, waits } = countedWaiting();
  await using _lock = await lockGallery(folder.path("g.json"), waiting);
  assertEquals(waits(), 0);
});

Deno.test("when a lock file was removed and made again, only the new file counts", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("g.json");
  const first = await lockGallery(path, countedWaiting().waiting);
  await Deno.remove(folder.path(".g.json.lock"));
  await using _second = await lockGallery(path, countedWaiting().waiting);
  const third = countedWaiting();
  await assertRejects(() => lockGallery(path, third.waiting), GalleryError, "has been in use");
  await first[Symbol.asyncDispose]();
});

Deno.test("a gallery in a folder that does not exist cannot be locked", async () => {
  await using folder = await temporaryFolder();
  await assertRejects(
    () => lockGallery(folder.path("none/g.json")),
    GalleryError,
    "The folder of the gallery",
  );
});
