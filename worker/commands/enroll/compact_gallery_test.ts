import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../../tests/support/temporary_folder.ts";
import { compactGalleryFile } from "./compact_gallery.ts";
import { type GalleryEntry, GalleryError } from "../../gallery/gallery_entry.ts";
import { formatGallery } from "./format_gallery.ts";
import { readGalleryFile } from "./gallery_file.ts";

const MODEL = "0a".repeat(32);
const ALICE: GalleryEntry = { user_id: "alice", name: "Alice", embedding: [0.5, -1, 0] };
const BOB: GalleryEntry = { user_id: "bob", name: "Bob", embedding_int8: Int8Array.of(1, 2, 3) };

Deno.test("a gallery is made compact, and entries that are already compact do not change", async () => {
  await using gallery = await temporaryGallery([ALICE, BOB]);
  assertEquals(await compactGalleryFile(gallery.path), 1);
  const { embedding: _, ...alice } = ALICE;
  const expected = [{ ...alice, embedding_int8: Int8Array.of(64, -127, 0) }, BOB];
  assertEquals(await readGalleryFile(gallery.path), { modelSha256: MODEL, entries: expected });
});

Deno.test("a gallery that is already compact is not written", async () => {
  await using gallery = await temporaryGallery([]);
  const { user_id, name } = BOB;
  const before = JSON.stringify({
    embeddings: [{ note: 1, user_id, name, embedding_int8: "AQID" }],
  });
  await Deno.writeTextFile(gallery.path, before);
  assertEquals(await compactGalleryFile(gallery.path), 0);
  assertEquals(await Deno.readTextFile(gallery.path), before);
});

Deno.test("an embedding that is zero or not finite is an error that names the entry; nothing is written", async () => {
  for (const embedding of ["[0, 0, 0]", "[]", '[1, "2", 3]', "[1, null, 3]", "[1e999, 0, 0]"]) {
    await using gallery = await temporaryGallery([]);
    const before = `{"embeddings": [{"user_id": "a", "name": "A", "embedding": ${embedding}}]}`;
    await Deno.writeTextFile(gallery.path, before);
    await assertRejects(
      () => compactGalleryFile(gallery.path),
      GalleryError,
      `${gallery.path}: Gallery entry 0 ("a"): the embedding is zero or has a value that is not a ` +
        "finite number",
    );
    assertEquals(await Deno.readTextFile(gallery.path), before);
  }
});

Deno.test("a gallery that does not exist cannot be made compact", async () => {
  await using gallery = await temporaryGallery([]);
  await Deno.remove(gallery.path);
  await assertRejects(() => compactGalleryFile(gallery.path), GalleryError, "does not exist");
});

async function temporaryGallery(entries: readonly GalleryEntry[]) {
  const json = formatGallery({ modelSha256: MODEL, entries });
  const folder = await temporaryFolder({ "gallery.json": json });
  return {
    path: folder.path("gallery.json"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
