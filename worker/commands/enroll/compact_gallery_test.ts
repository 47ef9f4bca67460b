import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { compactGalleryFile } from "./compact_gallery.ts";
import { type GalleryEntry, GalleryError } from "../../gallery/gallery_entry.ts";
import { readGalleryFile, writeGalleryFile } from "./gallery_file.ts";

const ALICE: GalleryEntry = { user_id: "alice", name: "Alice", embedding: [0.5, -1, 0] };
const BOB: GalleryEntry = { user_id: "bob", name: "Bob", embedding_int8: Int8Array.of(1, 2, 3) };

Deno.test("a gallery is made compact, and what is compact already stays", async () => {
  await using gallery = await temporaryGallery([ALICE, BOB]);
  assertEquals(await compactGalleryFile(gallery.path), 1);
  const { embedding: _, ...alice } = ALICE;
  const expected = [{ ...alice, embedding_int8: Int8Array.of(64, -127, 0) }, BOB];
  assertEquals(await readGalleryFile(gallery.path), expected);
});

Deno.test("a gallery that is compact already is not written", async () => {
  await using gallery = await temporaryGallery([]);
  const { user_id, name } = BOB;
  const before = JSON.stringify({
    embeddings: [{ note: 1, user_id, name, embedding_int8: "AQID" }],
  });
  await Deno.writeTextFile(gallery.path, before);
  assertEquals(await compactGalleryFile(gallery.path), 0);
  assertEquals(await Deno.readTextFile(gallery.path), before);
});

Deno.test("a gallery with an embedding that has no direction is named and stays", async () => {
  for (const embedding of ["[0, 0, 0]", "[]", '[1, "2", 3]', "[1, null, 3]", "[1e999, 0, 0]"]) {
    await using gallery = await temporaryGallery([]);
    const before = `{"embeddings": [{"user_id": "a", "name": "A", "embedding": ${embedding}}]}`;
    await Deno.writeTextFile(gallery.path, before);
    await assertRejects(
      () => compactGalleryFile(gallery.path),
      GalleryError,
      `${gallery.path}: Gallery entry 0 ("a"): the embedding is zero, or not of numbers alone`,
    );
    assertEquals(await Deno.readTextFile(gallery.path), before);
  }
});

Deno.test("a gallery that is not there cannot be made compact", async () => {
  await using gallery = await temporaryGallery([]);
  await Deno.remove(gallery.path);
  await assertRejects(() => compactGalleryFile(gallery.path), GalleryError, "does not exist");
});

async function temporaryGallery(entries: readonly GalleryEntry[]) {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "gallery.json");
  await writeGalleryFile(path, entries);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}
