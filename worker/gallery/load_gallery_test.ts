import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { GalleryError } from "./gallery_entry.ts";
import { loadGallery } from "./load_gallery.ts";

const ALICE = { user_id: "alice", name: "Alice", embedding: [1, 0, 0] };
const BOB = { user_id: "bob", name: "Bob", embedding_int8: Uint8Array.of(0, 3, 0).toBase64() };

Deno.test("a file is a gallery", async () => {
  await using folder = await temporaryFolder({ "g.txt": [ALICE, BOB] });
  const { users, size } = await loadGallery(join(folder.path, "g.txt"), 3);
  assertEquals([users.map(({ userId }) => userId), size], [["alice", "bob"], 2]);
});

Deno.test("a folder's files are one gallery, by name, and a user may be in several", async () => {
  await using folder = await temporaryFolder({
    "b.json": [{ ...ALICE, embedding: [0, 0, 1] }],
    "a.json": [ALICE, BOB],
    "c.json": [],
    ".hidden.json": [{ ...ALICE, user_id: "hidden" }],
    "readme.txt": [{ ...ALICE, user_id: "text" }],
  });
  const { users, segments, size } = await loadGallery(folder.path, 3);
  assertEquals(users, [{ userId: "alice", name: "Alice" }, { userId: "bob", name: "Bob" }]);
  assertEquals(segments.map(({ owners }) => [...owners]), [[0, 1], [0]]);
  assertEquals(size, 3);
});

Deno.test("of a volume as Kubernetes mounts it each file is read once", async () => {
  await using folder = await temporaryFolder({});
  const data = "..2026_11_24_10_00_00.123456789";
  await Deno.mkdir(join(folder.path, data));
  await folder.write(join(data, "a.json"), [ALICE]);
  await folder.write(join(data, "b.json"), [BOB]);
  await Deno.symlink(data, join(folder.path, "..data"));
  for (const name of ["a.json", "b.json"]) {
    await Deno.symlink(join("..data", name), join(folder.path, name));
  }
  assertEquals((await loadGallery(folder.path, 3)).size, 2);
});

Deno.test("whatever is wrong with a file of a folder, the file is named", async () => {
  const other = { ...ALICE, name: "Alicia" };
  const cases: readonly (readonly [unknown[], string])[] = [
    [[other], 'b.json: Gallery entry 0 ("alice"): the user_id has two names, "Alice" and "Alicia"'],
    [
      [BOB, { ...BOB, embedding_int8: "AQI=" }],
      'b.json: Gallery entry 1 ("bob"): the embedding has',
    ],
    [[7], 'b.json: Gallery entry 0: "user_id" is missing'],
  ];
  for (const [entries, message] of cases) {
    await using folder = await temporaryFolder({ "a.json": [ALICE], "b.json": entries });
    const expected = `${folder.path}/${message}`;
    await assertRejects(() => loadGallery(folder.path, 3), GalleryError, expected);
  }
});

Deno.test("what cannot be read is named", async () => {
  await using folder = await temporaryFolder({ "a.json": [ALICE] });
  const missing = join(folder.path, "none.json");
  await assertRejects(() => loadGallery(missing, 3), GalleryError, `${missing} cannot be read`);
  const dangling = join(folder.path, "dangling.json");
  await Deno.symlink("nowhere", dangling);
  await assertRejects(
    () => loadGallery(folder.path, 3),
    GalleryError,
    `${dangling} cannot be read`,
  );
  await Deno.remove(dangling);
  await Deno.mkdir(join(folder.path, "folder.json"));
  await assertRejects(
    () => loadGallery(folder.path, 3),
    GalleryError,
    "folder.json cannot be read",
  );
});

Deno.test("a folder without a gallery file is no gallery, one with an empty gallery is", async () => {
  await using folder = await temporaryFolder({ "gallery.txt": [ALICE], ".a.json": [ALICE] });
  await assertRejects(
    () => loadGallery(folder.path, 3),
    GalleryError,
    `The gallery folder ${folder.path} holds no file *.json`,
  );
  await folder.write("empty.json", []);
  assertEquals((await loadGallery(folder.path, 3)).size, 0);
});

/** A folder with gallery files of these entries. */
async function temporaryFolder(files: Readonly<Record<string, unknown[]>>) {
  const path = await Deno.makeTempDir();
  const write = (name: string, embeddings: unknown[]) =>
    Deno.writeTextFile(join(path, name), JSON.stringify({ embeddings }));
  for (const [name, entries] of Object.entries(files)) await write(name, entries);
  return { path, write, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
