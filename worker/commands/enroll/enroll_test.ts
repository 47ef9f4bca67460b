import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { basename } from "node:path";
import { createLineProgress } from "../../../shared/progress.ts";
import { temporaryFolder } from "../../../tests/support/temporary_folder.ts";
import { enrolIntoGalleryFile } from "./enroll.ts";
import { type GalleryEntry, GalleryError } from "../../gallery/gallery_entry.ts";
import { readGalleryFile, writeGalleryFile } from "./gallery_file.ts";
import type { ExistingTemplates } from "./merge_templates.ts";
import { EnrolmentError } from "./name_users.ts";
import { createFakePipeline } from "../../pipeline/fake_pipeline.ts";

const MODEL = "0a".repeat(32);

/** Each photo contains a word. The pipeline has a result for each word. */
const PIPELINE = createFakePipeline(3, {
  alice1: [1, 0, 0],
  alice2: [1, 0.2, 0],
  alice3: [1, 0.3, 0.3],
  bob1: [0, 1, 0],
  bob2: [0.1, 1, 0],
  sideways: "face_not_upright",
  crowd: "multiple_faces",
  landscape: "no_face",
});

Deno.test("people are enrolled into a new gallery", async () => {
  await using desk = await temporaryDesk();
  const enrolment = await desk.enrol("replace", ["alice", "alice1", "alice2"], ["bob", "bob1"]);
  assertEquals(enrolment, {
    written: true,
    withoutModel: false,
    users: 2,
    templates: 3,
    refused: [],
    alreadyEnrolled: [],
    lookalikes: [],
    doubtful: [],
    renamed: [],
    unchanged: [],
    withoutTemplate: [],
  });
  assertEquals(await desk.userIds(), ["alice", "alice", "bob"]);
});

Deno.test("enrolling the same people twice gives the same file", async () => {
  for (const existing of ["keep", "replace"] as const) {
    await using desk = await temporaryDesk();
    const enrol = () => desk.enrol(existing, ["alice", "alice1", "alice2"], ["bob", "bob1"]);
    await enrol();
    const once = await Deno.readTextFile(desk.gallery);
    const { alreadyEnrolled } = await enrol();
    assertEquals(await Deno.readTextFile(desk.gallery), once);
    assertEquals(alreadyEnrolled.length, existing === "keep" ? 3 : 0);
  }
});

Deno.test("refused photos are listed with their reason, and the other photos are enrolled", async () => {
  await using desk = await temporaryDesk();
  const photos = ["crowd", "alice1", "missing", "landscape", "a note"];
  const { refused, templates } = await desk.enrol("replace", ["alice", ...photos]);
  assertEquals(refused.map(({ path, reason }) => [basename(path), reason]), [
    ["crowd", "multiple_faces"],
    ["missing", "unreadable"],
    ["landscape", "no_face"],
    ["a note", "unsupported_media_type"],
  ]);
  assertEquals(templates, 1);
});

Deno.test("when all photos of a user are refused, the user keeps the existing templates or has none", async () => {
  await using desk = await temporaryDesk();
  await desk.enrol("replace", ["alice", "alice1"]);
  const enrolment = await desk.enrol("replace", ["alice", "crowd"], ["bob", "bob1"], ["carol"]);
  assertEquals(enrolment.unchanged, ["alice"]);
  assertEquals(enrolment.withoutTemplate, ["carol"]);
  assertEquals(await desk.userIds(), ["alice", "bob"]);
});

Deno.test("no file is created when all photos are refused", async () => {
  await using desk = await temporaryDesk();
  const { written, withoutTemplate } = await desk.enrol("replace", ["alice", "crowd"]);
  assertEquals({ written, withoutTemplate }, { written: false, withoutTemplate: ["alice"] });
  assertEquals(await readGalleryFile(desk.gallery), undefined);
});

Deno.test("the file is not written when there is no new template", async () => {
  await using desk = await temporaryDesk();
  const seeds = '{"embeddings": [{"user_id": "bob", "name": "bob", "embedding": [0, 2.5, 0]}]}';
  await Deno.writeTextFile(desk.gallery, seeds);
  assertEquals((await desk.enrol("keep", ["bob", "bob1", "crowd"])).written, false);
  assertEquals(await Deno.readTextFile(desk.gallery), seeds);
});

Deno.test("a photo that is unlike the user's other photos is refused, in any order", async () => {
  for (const existing of ["keep", "replace"] as const) {
    for (
      const photos of [["alice1", "alice2", "bob1"], ["bob1", "sideways", "alice2", "alice1"]]
    ) {
      await using desk = await temporaryDesk();
      const { refused, templates } = await desk.enrol(existing, ["alice", ...photos]);
      const path = desk.folder.path("bob1");
      assertEquals(refused.at(-1), { path, reason: "not_the_same_person" });
      assertEquals([refused.length, templates], [photos.length - 2, 2]);
    }
  }
});

Deno.test("two photos that differ are both refused, and the user gets no template", async () => {
  await using desk = await temporaryDesk();
  const { refused, written, withoutTemplate } = await desk.enrol(
    "replace",
    ["alice", "alice1", "bob1"],
  );
  assertEquals(refused.map(({ reason }) => reason), ["not_the_same_person", "not_the_same_person"]);
  assertEquals([written, withoutTemplate], [false, ["alice"]]);
});

Deno.test("new photos must be like the templates that the user keeps, also when there are more of them", async () => {
  await using desk = await temporaryDesk();
  await desk.enrol("keep", ["alice", "alice1"]);
  const { refused } = await desk.enrol("keep", ["alice", "bob1", "bob2", "alice3"]);
  assertEquals(refused.map(({ path }) => basename(path)), ["bob1", "bob2"]);
  assertEquals(await desk.userIds(), ["alice", "alice"]);
});

Deno.test("photos that replace a user's templates need not be like them", async () => {
  await using desk = await temporaryDesk();
  await desk.enrol("keep", ["alice", "bob1"]);
  const { refused, templates } = await desk.enrol("replace", ["alice", "alice1", "alice2"]);
  assertEquals([refused, templates], [[], 2]);
});

Deno.test("when the photos that should replace a user's templates differ, the templates stay", async () => {
  await using desk = await temporaryDesk();
  await desk.enrol("keep", ["alice", "alice1"]);
  const { unchanged } = await desk.enrol("replace", ["alice", "alice2", "bob1"]);
  assertEquals([unchanged, await desk.userIds()], [["alice"], ["alice"]]);
});

Deno.test("a photo that matches another user is refused, whether the user is new or has templates", async () => {
  await using desk = await temporaryDesk();
  await desk.enrol("keep", ["bob", "bob1"]);
  for (const existing of ["keep", "replace"] as const) {
    const result = await desk.enrol(existing, ["alice", "alice1"], ["carol", "bob1"]);
    const photo = desk.folder.path("bob1");
    assertEquals(result.lookalikes, [{ photo, userId: "carol", resembles: "bob" }]);
    assertEquals(result.withoutTemplate, ["carol"]);
    assertEquals(await desk.userIds(), ["bob", "alice"]);
  }
});

Deno.test("of two new photos that match each other, both are refused", async () => {
  await using desk = await temporaryDesk();
  const result = await desk.enrol("replace", ["aaron", "bob1"], ["alice", "alice1"], [
    "bob",
    "bob2",
  ]);
  assertEquals(result.lookalikes.map(({ userId, resembles }) => [userId, resembles]), [
    ["aaron", "bob"],
    ["bob", "aaron"],
  ]);
  assertEquals([result.withoutTemplate, await desk.userIds()], [["aaron", "bob"], ["alice"]]);
});

Deno.test("a copy of a refused photo is refused, too", async () => {
  await using desk = await temporaryDesk();
  await desk.folder.write("copy", "bob1");
  const result = await desk.enrol("replace", ["aaron", "bob1"], ["bob", "bob1", "copy"]);
  assertEquals(result.lookalikes.map(({ photo, userId }) => [basename(photo), userId]), [
    ["bob1", "aaron"],
    ["bob1", "bob"],
    ["copy", "bob"],
  ]);
  assertEquals([result.written, result.alreadyEnrolled], [false, []]);
});

Deno.test("the set of refused photos does not depend on the order of the people", async () => {
  const words = ["alice1", "alice2", "alice3", "bob1", "bob2"];
  const users = ["alice", "bob", "carol", "dan"];
  const folders = fc.tuple(
    ...users.map((userId) =>
      fc.subarray(words, { maxLength: 3 }).map((photos): Person => [userId, ...photos])
    ),
  );
  const enrolments = fc.record({
    existing: fc.constantFrom<ExistingTemplates>("keep", "replace"),
    before: fc.constantFrom<Person[]>([], [["bob", "bob1"]], [["carol", "alice1"], [
      "dan",
      "bob1",
    ]]),
    people: folders,
    order: fc.shuffledSubarray([...users.keys()], { minLength: users.length }),
  });
  await using desk = await temporaryDesk();
  await fc.assert(
    fc.asyncProperty(enrolments, async ({ existing, before, people, order }) => {
      const outcome = async (people: readonly Person[]) => {
        await Deno.remove(desk.gallery).catch(() => {});
        await desk.enrol("keep", ...before);
        const { lookalikes } = await desk.enrol(existing, ...people);
        const entries = (await readGalleryFile(desk.gallery))?.entries ?? [];
        return {
          refused: lookalikes.map(({ userId, photo }) => `${userId} ${photo}`).sort(),
          enrolled: entries.map((entry) => JSON.stringify(entry)).sort(),
        };
      };
      assertEquals(await outcome(order.map((i) => people[i]!)), await outcome(people));
    }),
    { numRuns: 50 },
  );
});

Deno.test("with allowLookalikes, a photo that matches another user is enrolled and reported", async () => {
  await using desk = await temporaryDesk();
  await desk.enrol("keep", ["bob", "bob1"]);
  const settings = { modelSha256: MODEL, existing: "keep", allowLookalikes: true } as const;
  const twin = [desk.person("alice", "bob1")];
  const result = await enrolIntoGalleryFile(desk.gallery, twin, PIPELINE, settings);
  const photo = desk.folder.path("bob1");
  assertEquals(result.lookalikes, []);
  assertEquals(result.doubtful, [{ photo, userId: "alice", resembles: "bob" }]);
  assertEquals(await desk.userIds(), ["bob", "alice"]);
});

Deno.test("when the new photos of a user are refused, other photos must not match the old templates", async () => {
  await using desk = await temporaryDesk();
  await desk.enrol("replace", ["alice", "alice1"], ["bob", "bob1"]);
  // alice's only new photo is bob's, so alice keeps alice1. Then carol's photo matches alice.
  const result = await desk.enrol("replace", ["alice", "bob1"], ["carol", "alice1"]);
  assertEquals(result.lookalikes.map(({ userId, resembles }) => [userId, resembles]), [
    ["alice", "bob"],
    ["carol", "alice"],
  ]);
  assertEquals(await desk.userIds(), ["alice", "bob"]);
});

Deno.test("a changed name is reported only when the templates are replaced", async () => {
  await using desk = await temporaryDesk();
  const old = { name: "Somebody Else", embedding: [1, 0, 0] };
  await desk.write([
    { user_id: "alice", ...old },
    { user_id: "bob", ...old, embedding: [0, 0, 1] },
  ]);
  const { renamed } = await desk.enrol("replace", ["alice", "alice2"], ["bob", "crowd"]);
  assertEquals(renamed, [{ userId: "alice", before: "Somebody Else", name: "alice" }]);
  const names = (await readGalleryFile(desk.gallery))!.entries.map(({ name }) => name);
  assertEquals(names, ["alice", "Somebody Else"]);
});

Deno.test("a gallery for another model is an error before any photo is read; the file does not change", async () => {
  await using desk = await temporaryDesk();
  await desk.write([{ user_id: "alice", name: "alice", embedding: [1, 0] }]);
  const before = await Deno.readTextFile(desk.gallery);
  await assertRejects(
    () => desk.enrol("replace", ["alice", "alice1"]),
    GalleryError,
    `${desk.gallery}: Gallery entry 0 ("alice"): the embedding has 2 numbers, the model gives 3`,
  );
  assertEquals(await Deno.readTextFile(desk.gallery), before);
  assertEquals(desk.lines, []);
});

Deno.test("a gallery that another model made is an error before any photo is read, also when it is empty", async () => {
  const modelSha256 = "1b".repeat(32);
  for (const entries of [[], [{ user_id: "bob", name: "bob", embedding: [0, 1, 0] }]]) {
    await using desk = await temporaryDesk();
    await writeGalleryFile(desk.gallery, { modelSha256, entries });
    const before = await Deno.readTextFile(desk.gallery);
    await assertRejects(
      () => desk.enrol("replace", ["alice", "alice1"]),
      GalleryError,
      `${desk.gallery}: The gallery was made with another recognition model, an unknown model (sha256 ${modelSha256})`,
    );
    assertEquals(await Deno.readTextFile(desk.gallery), before);
    assertEquals(desk.lines, []);
  }
});

Deno.test("a gallery that another model makes during the enrolment is not written", async () => {
  await using desk = await temporaryDesk();
  const other = { modelSha256: "1b".repeat(32), entries: [] };
  await assertRejects(() =>
    enrolIntoGalleryFile(desk.gallery, [desk.person("alice", "alice1")], {
      dimension: 3,
      async recognize(picture) {
        await writeGalleryFile(desk.gallery, other);
        return await PIPELINE.recognize(picture);
      },
    }, { modelSha256: MODEL, existing: "replace" }), GalleryError);
  assertEquals(await readGalleryFile(desk.gallery), other);
});

Deno.test("a gallery names its model, unless it keeps templates of an unknown model", async () => {
  await using desk = await temporaryDesk();
  const model = async () => (await readGalleryFile(desk.gallery))!.modelSha256;
  await desk.enrol("keep", ["alice", "alice1"]);
  assertEquals(await model(), MODEL);
  const bob = { user_id: "bob", name: "bob", embedding: [0, 1, 0] };
  await desk.write([bob]);
  assertEquals((await desk.enrol("replace", ["alice", "alice1"])).withoutModel, true);
  assertEquals(await model(), undefined);
  const all = await desk.enrol("replace", ["alice", "alice1"], ["bob", "bob1"]);
  assertEquals([all.withoutModel, await model()], [false, MODEL]);
});

Deno.test("a name that differs from the gallery is an error before any photo is read", async () => {
  await using desk = await temporaryDesk();
  await desk.write([{ user_id: "alice", name: "Alice Liddell", embedding: [1, 0, 0] }]);
  await assertRejects(() => desk.enrol("keep", ["alice", "alice2"]), EnrolmentError, "Liddell");
  assertEquals((await readGalleryFile(desk.gallery))!.entries.length, 1);
  assertEquals(desk.lines, []);
});

Deno.test("entries that somebody else writes during the enrolment are kept", async () => {
  await using desk = await temporaryDesk();
  const carol = { user_id: "carol", name: "Carol", embedding: [0, 0, 1] };
  await enrolIntoGalleryFile(desk.gallery, [desk.person("alice", "alice1")], {
    dimension: 3,
    async recognize(picture) {
      await desk.write([carol]);
      return await PIPELINE.recognize(picture);
    },
  }, { modelSha256: MODEL, existing: "replace" });
  assertEquals(await desk.userIds(), ["carol", "alice"]);
});

Deno.test("an error that is not about the photo stops the enrolment, and nothing is written", async () => {
  await using desk = await temporaryDesk();
  const broken = { dimension: 3, recognize: () => Promise.reject(new TypeError("A bug")) };
  await assertRejects(
    () =>
      enrolIntoGalleryFile(desk.gallery, [desk.person("alice", "alice1")], broken, {
        modelSha256: MODEL,
        existing: "replace",
      }),
    TypeError,
  );
  assertEquals(await readGalleryFile(desk.gallery), undefined);
});

Deno.test("progress counts every photo, also refused photos", async () => {
  await using desk = await temporaryDesk();
  await desk.enrol("replace", ["alice", "alice1", "crowd"], ["bob", "missing"]);
  assertEquals(desk.lines, ["Enrolling: 3 photos …", "Enrolling: 3 photos, done"]);
});

type Person = [userId: string, ...photos: string[]];

/** A folder with a file for each photo that the pipeline knows, and a gallery. */
async function temporaryDesk() {
  const words = [
    "alice1",
    "alice2",
    "alice3",
    "bob1",
    "bob2",
    "sideways",
    "crowd",
    "landscape",
    "a note",
  ];
  const folder = await temporaryFolder(Object.fromEntries(words.map((word) => [word, word])));
  const gallery = folder.path("gallery.json");
  const lines: string[] = [];
  const person = (userId: string, ...photos: string[]) => ({
    userId,
    name: userId,
    photos: photos.map(folder.path),
  });
  return {
    folder,
    gallery,
    /** Lines of the progress. */
    lines,
    person,
    enrol: (existing: ExistingTemplates, ...people: Person[]) =>
      enrolIntoGalleryFile(gallery, people.map((words) => person(...words)), PIPELINE, {
        modelSha256: MODEL,
        existing,
        progress: createLineProgress((line) => lines.push(line)),
      }),
    write: (entries: GalleryEntry[]) => writeGalleryFile(gallery, { entries }),
    userIds: async () => (await readGalleryFile(gallery))!.entries.map(({ user_id }) => user_id),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
