import { assertEquals, assertRejects } from "@std/assert";
import { describeError } from "../../shared/log.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { GalleryError } from "./gallery_entry.ts";
import { loadGallery } from "./load_gallery.ts";

const ALICE = { user_id: "alice", name: "Alice", embedding: [1, 0, 0] };
const BOB = { user_id: "bob", name: "Bob", embedding_int8: Uint8Array.of(0, 3, 0).toBase64() };

const MODEL = { dimension: 3, sha256: "0a".repeat(32) };

const fileOf = (...entries: readonly unknown[]) => JSON.stringify({ embeddings: entries });

async function assertRefused(path: string, message: string): Promise<void> {
  await assertRejects(() => loadGallery(path, MODEL), GalleryError, message);
}

Deno.test("a gallery is loaded from a file with any name", async () => {
  await using folder = await temporaryFolder({ "g.txt": fileOf(ALICE, BOB) });
  const { gallery: { users, size } } = await loadGallery(folder.path("g.txt"), MODEL);
  assertEquals([users.map(({ userId }) => userId), size], [["alice", "bob"], 2]);
});

Deno.test("the files of a folder become one gallery, in the order of the files' names", async () => {
  await using folder = await temporaryFolder({
    "b.json": fileOf({ ...ALICE, embedding: [0, 0, 1] }),
    "a.json": fileOf(ALICE, BOB),
    "c.json": fileOf(),
    ".hidden.json": fileOf({ ...ALICE, user_id: "hidden" }),
    "readme.txt": fileOf({ ...ALICE, user_id: "text" }),
  });
  const { gallery: { users, templateCounts, segments, size } } = await loadGallery(
    folder.root,
    MODEL,
  );
  assertEquals(users, [{ userId: "alice", name: "Alice" }, { userId: "bob", name: "Bob" }]);
  assertEquals([templateCounts, segments.length], [[2, 1], 1]);
  assertEquals(size, 3);
});

Deno.test("each file of a volume that Kubernetes mounts is read once", async () => {
  const data = "..2026_11_24_10_00_00.123456789";
  await using folder = await temporaryFolder({
    [`${data}/a.json`]: fileOf(ALICE),
    [`${data}/b.json`]: fileOf(BOB),
  });
  await Deno.symlink(data, folder.path("..data"));
  for (const name of ["a.json", "b.json"]) {
    await Deno.symlink(`..data/${name}`, folder.path(name));
  }
  assertEquals((await loadGallery(folder.root, MODEL)).gallery.size, 2);
});

Deno.test("an error in one of several files names the file", async () => {
  const other = { ...ALICE, name: "Alicia" };
  const cases: readonly (readonly [content: string, message: string])[] = [
    [
      fileOf(other),
      'b.json: Gallery entry 0 ("alice"): the user_id has two names, "Alice" and "Alicia"',
    ],
    [
      fileOf(BOB, { ...BOB, embedding_int8: "AQI=" }),
      'b.json: Gallery entry 1 ("bob"): the embedding has',
    ],
    [fileOf(7), 'b.json: Gallery entry 0: "user_id" is missing'],
  ];
  for (const [content, message] of cases) {
    await using folder = await temporaryFolder({ "a.json": fileOf(ALICE), "b.json": content });
    await assertRefused(folder.root, `${folder.root}/${message}`);
  }
});

Deno.test("the error names a file that cannot be read", async () => {
  await using folder = await temporaryFolder({ "a.json": fileOf(ALICE) });
  const missing = folder.path("none.json");
  await assertRefused(missing, `${missing} cannot be read`);
  const dangling = folder.path("dangling.json");
  await Deno.symlink("nowhere", dangling);
  await assertRefused(folder.root, `${dangling} cannot be read`);
  await Deno.remove(dangling);
  await Deno.mkdir(folder.path("folder.json"));
  await assertRefused(folder.root, "folder.json cannot be read");
});

Deno.test("a folder without a gallery file is refused; a folder with an empty gallery is loaded", async () => {
  await using folder = await temporaryFolder({
    "gallery.txt": fileOf(ALICE),
    ".a.json": fileOf(ALICE),
  });
  await assertRefused(folder.root, `The gallery folder ${folder.root} has no *.json file`);
  await folder.write("empty.json", fileOf());
  assertEquals((await loadGallery(folder.root, MODEL)).gallery.size, 0);
});

const named = (model_sha256: string, ...entries: readonly unknown[]) =>
  JSON.stringify({ model_sha256, embeddings: entries });

Deno.test("a gallery of another model is refused, and the error says what to do", async () => {
  const other = "1b".repeat(32);
  await using folder = await temporaryFolder({
    "a.json": named(MODEL.sha256, ALICE),
    "b.json": named(other, BOB),
  });
  const made =
    `The gallery was made with another recognition model, an unknown model (sha256 ${other})`;
  for (const path of [folder.root, folder.path("b.json")]) {
    await assertRefused(path, `${folder.path("b.json")}: ${made}`);
    await assertRefused(path, "set MODEL_PATH to that model");
  }
  // Also without users: somebody would enrol into it.
  await folder.write("b.json", named(other));
  await assertRefused(folder.root, made);
});

Deno.test("the error about a gallery of another known model names both models", async () => {
  const { small, sface } = MODEL_MANIFEST.models.recognition;
  await using folder = await temporaryFolder({
    "gallery.json": named(sface.prepared_sha256!, ALICE),
  });
  const error = await assertRejects(
    () => loadGallery(folder.path("gallery.json"), { ...MODEL, sha256: small.prepared_sha256! }),
    GalleryError,
  );
  assertEquals(
    error.message,
    `${folder.path("gallery.json")}: The gallery was made with another recognition model, SFace ` +
      `("sface", sha256 ${sface.prepared_sha256}). Enrol everybody again with the model in use, ` +
      `fr_feature ("small", sha256 ${small.prepared_sha256}), into a new file, or set MODEL_PATH ` +
      "to that model (in a checkout: deno task models --recognition sface)",
  );
  assertEquals(describeError(error), `GalleryError: ${error.message}`);
});

Deno.test("files that do not name their model are listed, unless they have no template", async () => {
  await using folder = await temporaryFolder({
    "a.json": named(MODEL.sha256, ALICE),
    "b.json": fileOf(BOB),
    "c.json": fileOf(),
  });
  const { gallery, withoutModel } = await loadGallery(folder.root, MODEL);
  assertEquals([gallery.size, withoutModel], [2, [folder.path("b.json")]]);
});

Deno.test("a gallery of a known model's original file is a gallery of the prepared file", async () => {
  const { sha256, prepared_sha256 } = MODEL_MANIFEST.models.recognition.small;
  await using folder = await temporaryFolder({ "a.json": named(sha256, ALICE) });
  const prepared = { dimension: 3, sha256: prepared_sha256! };
  assertEquals((await loadGallery(folder.root, prepared)).withoutModel, []);
});
