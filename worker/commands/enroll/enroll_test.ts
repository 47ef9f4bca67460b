import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { createLineProgress } from "../../../shared/progress.ts";
import { enrollIntoGalleryFile } from "./enroll.ts";
import { type GalleryEntry, GalleryError } from "../../gallery/gallery_entry.ts";
import { readGalleryFile, writeGalleryFile } from "./gallery_file.ts";
import { EnrolmentError } from "./name_users.ts";
import { createFakePipeline } from "../../pipeline/fake_pipeline.ts";

/** Each photo's content is its name. */
const PIPELINE = createFakePipeline(3, {
  alice1: [1, 0, 0],
  alice2: [1, 0.5, 0],
  bob1: [0, 1, 0],
  crowd: "multiple_faces",
  landscape: "no_face",
});

Deno.test("people are enrolled into a new gallery", async () => {
  await using desk = await temporaryDesk();
  const enrolment = await desk.enroll("replace", ["alice", "alice1", "alice2"], ["bob", "bob1"]);
  assertEquals(enrolment, {
    written: true,
    users: 2,
    templates: 3,
    refused: [],
    alreadyThere: [],
    doubtful: [],
    renamed: [],
    unchanged: [],
    withoutTemplate: [],
  });
  assertEquals(await desk.userIds(), ["alice", "alice", "bob"]);
});

Deno.test("to enrol the same people twice gives the same file", async () => {
  for (const earlier of ["keep", "replace"] as const) {
    await using desk = await temporaryDesk();
    const enroll = () => desk.enroll(earlier, ["alice", "alice1", "alice2"], ["bob", "bob1"]);
    await enroll();
    const once = await Deno.readTextFile(desk.gallery);
    const { alreadyThere } = await enroll();
    assertEquals(await Deno.readTextFile(desk.gallery), once);
    assertEquals(alreadyThere.length, earlier === "keep" ? 3 : 0);
  }
});

Deno.test("refused photos are listed with their reason, the others are enrolled", async () => {
  await using desk = await temporaryDesk();
  const photos = ["crowd", "alice1", "missing", "landscape", "a note"];
  const { refused, templates } = await desk.enroll("replace", ["alice", ...photos]);
  assertEquals(refused.map(({ path, reason }) => [path.slice(desk.folder.length + 1), reason]), [
    ["crowd", "multiple_faces"],
    ["missing", "unreadable"],
    ["landscape", "no_face"],
    ["a note", "unsupported_media_type"],
  ]);
  assertEquals(templates, 1);
});

Deno.test("a user whose photos are all refused keeps what there was, a new one has nothing", async () => {
  await using desk = await temporaryDesk();
  await desk.enroll("replace", ["alice", "alice1"]);
  const enrolment = await desk.enroll("replace", ["alice", "crowd"], ["bob", "bob1"], ["carol"]);
  assertEquals(enrolment.unchanged, ["alice"]);
  assertEquals(enrolment.withoutTemplate, ["carol"]);
  assertEquals(await desk.userIds(), ["alice", "bob"]);
});

Deno.test("no file is made of photos that are all refused", async () => {
  await using desk = await temporaryDesk();
  const { written, withoutTemplate } = await desk.enroll("replace", ["alice", "crowd"]);
  assertEquals({ written, withoutTemplate }, { written: false, withoutTemplate: ["alice"] });
  assertEquals(await readGalleryFile(desk.gallery), undefined);
});

Deno.test("a file to which no template is added is not touched", async () => {
  await using desk = await temporaryDesk();
  const seeds = '{"embeddings": [{"user_id": "bob", "name": "bob", "embedding": [0, 2.5, 0]}]}';
  await Deno.writeTextFile(desk.gallery, seeds);
  assertEquals((await desk.enroll("keep", ["bob", "bob1", "crowd"])).written, false);
  assertEquals(await Deno.readTextFile(desk.gallery), seeds);
});

Deno.test("photos that may show somebody else are pointed out", async () => {
  await using desk = await temporaryDesk();
  await desk.enroll("keep", ["bob", "bob1"]);
  const { doubtful } = await desk.enroll("keep", ["alice", "alice1", "bob1"]);
  const path = join(desk.folder, "bob1");
  const { like } = doubtful.find(({ like, photo }) => like !== undefined && photo === path)!;
  assertEquals(like, "bob");
  assert(doubtful.some(({ like, photo }) => like === undefined && photo === path));
});

Deno.test("a replaced name is reported, unless the user keeps what there was", async () => {
  await using desk = await temporaryDesk();
  const old = { name: "Somebody Else", embedding: [1, 0, 0] };
  await desk.write([{ user_id: "alice", ...old }, { user_id: "bob", ...old }]);
  const { renamed } = await desk.enroll("replace", ["alice", "alice2"], ["bob", "crowd"]);
  assertEquals(renamed, [{ userId: "alice", before: "Somebody Else", name: "alice" }]);
  const names = (await readGalleryFile(desk.gallery))!.map(({ name }) => name);
  assertEquals(names, ["alice", "Somebody Else"]);
});

Deno.test("a gallery for another model is refused before any work, and stays", async () => {
  await using desk = await temporaryDesk();
  await desk.write([{ user_id: "alice", name: "alice", embedding: [1, 0] }]);
  const before = await Deno.readTextFile(desk.gallery);
  await assertRejects(
    () => desk.enroll("replace", ["alice", "alice1"]),
    GalleryError,
    `${desk.gallery}: Gallery entry 0 ("alice"): the embedding has 2 numbers, the model gives 3`,
  );
  assertEquals(await Deno.readTextFile(desk.gallery), before);
  assertEquals(desk.lines, []);
});

Deno.test("a name that disagrees is refused before any work, and nothing is written", async () => {
  await using desk = await temporaryDesk();
  await desk.write([{ user_id: "alice", name: "Alice Liddell", embedding: [1, 0, 0] }]);
  await assertRejects(() => desk.enroll("keep", ["alice", "alice2"]), EnrolmentError, "Liddell");
  assertEquals((await readGalleryFile(desk.gallery))!.length, 1);
  assertEquals(desk.lines, []);
});

Deno.test("what others write during the work is not undone", async () => {
  await using desk = await temporaryDesk();
  const carol = { user_id: "carol", name: "Carol", embedding: [0, 0, 1] };
  await enrollIntoGalleryFile(desk.gallery, [desk.person("alice", "alice1")], {
    dimension: 3,
    async recognize(picture) {
      await desk.write([carol]);
      return await PIPELINE.recognize(picture);
    },
  }, { earlier: "replace" });
  assertEquals(await desk.userIds(), ["carol", "alice"]);
});

Deno.test("a fault that is not the photo's ends the enrolment, and nothing is written", async () => {
  await using desk = await temporaryDesk();
  const broken = { dimension: 3, recognize: () => Promise.reject(new TypeError("A fault")) };
  await assertRejects(
    () =>
      enrollIntoGalleryFile(desk.gallery, [desk.person("alice", "alice1")], broken, {
        earlier: "replace",
      }),
    TypeError,
  );
  assertEquals(await readGalleryFile(desk.gallery), undefined);
});

Deno.test("progress counts every photo, refused ones too", async () => {
  await using desk = await temporaryDesk();
  await desk.enroll("replace", ["alice", "alice1", "crowd"], ["bob", "missing"]);
  assertEquals(desk.lines, ["Enrolling: 3 photos …", "Enrolling: 3 photos, done"]);
});

type Earlier = "keep" | "replace";

/** A folder with a file for each photo that the pipeline knows, and with a gallery. */
async function temporaryDesk() {
  const folder = await Deno.makeTempDir();
  for (const word of ["alice1", "alice2", "bob1", "crowd", "landscape", "a note"]) {
    await Deno.writeTextFile(join(folder, word), word);
  }
  const gallery = join(folder, "gallery.json");
  const lines: string[] = [];
  const person = (userId: string, ...photos: string[]) => ({
    userId,
    name: userId,
    photos: photos.map((photo) => join(folder, photo)),
  });
  return {
    folder,
    gallery,
    /** Progress. */
    lines,
    person,
    enroll: (earlier: Earlier, ...people: [userId: string, ...photos: string[]][]) =>
      enrollIntoGalleryFile(gallery, people.map((words) => person(...words)), PIPELINE, {
        earlier,
        progress: createLineProgress((line) => lines.push(line)),
      }),
    write: (entries: GalleryEntry[]) => writeGalleryFile(gallery, entries),
    userIds: async () => (await readGalleryFile(gallery))!.map(({ user_id }) => user_id),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
