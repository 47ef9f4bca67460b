import { assert, assertEquals, assertRejects } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { type TemporaryFolder, temporaryFolder } from "../../../tests/support/temporary_folder.ts";
import { cosine } from "../../../matching/vector.ts";
import { parseGallery } from "../../gallery/gallery.ts";
import { type GalleryEntry, GalleryError } from "../../gallery/gallery_entry.ts";
import { formatGallery } from "./format_gallery.ts";
import { type GalleryFileSteps, readGalleryFile, writeGalleryFile } from "./gallery_file.ts";

const MODEL = "0a".repeat(32);
const ALICE: GalleryEntry = { user_id: "alice", name: "Alice", embedding: [0.6, -0.8] };
const BOB: GalleryEntry = { user_id: "bob", name: "Bob", embedding: [1e-7, 12345.67] };

Deno.test("reading a gallery file gives the entries that were written", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("gallery.json");
  await writeGalleryFile(path, { modelSha256: MODEL, entries: [ALICE, BOB] });
  assertEquals(await readGalleryFile(path), { modelSha256: MODEL, entries: [ALICE, BOB] });
  await writeGalleryFile(path, { entries: [] });
  assertEquals(await readGalleryFile(path), { entries: [] });
  assertEquals(await names(folder), ["gallery.json"]);
});

Deno.test("a template takes at most 6.5 KB, and its cosines change by at most 1e-6", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("gallery.json");
  const embeddings = randomPeople(20, 2, 512, 0.8).flat();
  const entries = embeddings.map((embedding, i) => ({
    user_id: `user${i}`,
    name: `User ${i}`,
    embedding: [...embedding],
  }));
  await writeGalleryFile(path, { entries });
  const { size } = await Deno.stat(path);
  assert(size / embeddings.length <= 6500, `${size / embeddings.length} bytes a template`);
  const [segment] = parseGallery(await Deno.readTextFile(path), 512).segments;
  embeddings.forEach((embedding, i) => {
    const read = segment!.vectors.subarray(i * 512, (i + 1) * 512);
    for (const other of embeddings) {
      const error = Math.abs(cosine(read, other) - cosine(embedding, other));
      assert(error <= 1e-6, `off by ${error}`);
    }
  });
});

Deno.test("an embedding of very small numbers keeps its direction", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("gallery.json");
  const tiny = { ...ALICE, embedding: [3e-12, 4e-12] };
  await writeGalleryFile(path, { entries: [tiny] });
  const [segment] = parseGallery(await Deno.readTextFile(path), 2).segments;
  assertEquals(segment?.vectors, Float32Array.of(0.6, 0.8));
});

Deno.test("only the owner can read a new file; an existing file keeps its mode", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("gallery.json");
  const mode = async () => (await Deno.stat(path)).mode! & 0o777;
  await writeGalleryFile(path, { entries: [ALICE] });
  assertEquals(await mode(), 0o600);
  await Deno.chmod(path, 0o664);
  await writeGalleryFile(path, { entries: [BOB] });
  assertEquals(await mode(), 0o664);
});

Deno.test("an existing file keeps its owner, also when root writes it", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("gallery.json");
  await writeGalleryFile(path, { entries: [ALICE] });
  // Only root can give a file to somebody else.
  const owner = Deno.uid() === 0 ? { uid: 1234, gid: 5678 } : { uid: Deno.uid(), gid: Deno.gid() };
  await Deno.chown(path, owner.uid, owner.gid);
  await writeGalleryFile(path, { entries: [BOB] });
  const { uid, gid } = await Deno.stat(path);
  assertEquals({ uid, gid }, owner);
});

Deno.test("the file that a link points to is replaced, and the link stays", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("link.json");
  const target = await folder.write("store/gallery.json", formatGallery({ entries: [ALICE] }));
  await Deno.symlink(target, path);
  await writeGalleryFile(path, { entries: [BOB] });
  assert((await Deno.lstat(path)).isSymlink);
  assertEquals(await readGalleryFile(target), { entries: [BOB] });
});

Deno.test("when any step of writing fails, the old file stays and no temporary file is left", async () => {
  const diskFull = () => Promise.reject(new Error("No space left on device"));
  const failures: Record<keyof GalleryFileSteps, Partial<GalleryFileSteps>> = {
    write: {
      async write(file, bytes) {
        await file.write(bytes.subarray(0, 10));
        await diskFull();
      },
    },
    sync: { sync: diskFull },
    rename: { rename: diskFull },
  };
  for (const [step, failure] of Object.entries(failures)) {
    await using folder = await temporaryFolder();
    const path = folder.path("gallery.json");
    await writeGalleryFile(path, { entries: [ALICE] });
    const before = await Deno.readTextFile(path);
    await assertRejects(
      () => writeGalleryFile(path, { entries: [BOB] }, { ...WORKING, ...failure }),
      GalleryError,
      `The gallery ${path} cannot be written: No space left on device`,
    );
    assertEquals(await Deno.readTextFile(path), before, step);
    assertEquals(await names(folder), ["gallery.json"], step);
  }
});

Deno.test("a reader finds the complete old file or the complete new file", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("gallery.json");
  await writeGalleryFile(path, { entries: [ALICE] });
  const seen: unknown[] = [];
  await writeGalleryFile(path, { entries: [BOB] }, {
    ...WORKING,
    async sync() {
      seen.push(await readGalleryFile(path));
    },
    async rename(from, to) {
      seen.push(await readGalleryFile(from));
      await WORKING.rename(from, to);
    },
  });
  assertEquals(
    [...seen, await readGalleryFile(path)],
    [[ALICE], [BOB], [BOB]].map((entries) => ({ entries })),
  );
});

Deno.test("reading a missing file gives undefined; a missing folder is an error", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await readGalleryFile(folder.path("gallery.json")), undefined);
  const path = folder.path("none/gallery.json");
  const message = `The folder of the gallery ${path} does not exist`;
  await assertRejects(() => readGalleryFile(path), GalleryError, message);
  await assertRejects(
    () => writeGalleryFile(path, { entries: [] }),
    GalleryError,
    `${path} cannot be written`,
  );
});

Deno.test("a file that is not a gallery is an error that names the file", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("gallery.json");
  await Deno.writeTextFile(path, `{"embeddings": [{"user_id": "alice"}]}`);
  await assertRejects(
    () => readGalleryFile(path),
    GalleryError,
    `${path}: Gallery entry 0 ("alice"): "name" is missing`,
  );
  await assertRejects(
    () => readGalleryFile(folder.root),
    GalleryError,
    `The gallery ${folder.root} cannot be read`,
  );
});

const WORKING: GalleryFileSteps = {
  async write(file, bytes) {
    await file.write(bytes);
  },
  sync: () => Promise.resolve(),
  rename: (from, to) => Deno.rename(from, to),
};

const names = (folder: TemporaryFolder): Promise<string[]> =>
  Array.fromAsync(Deno.readDir(folder.root), ({ name }) => name);
