import { assertEquals, assertRejects } from "@std/assert";
import { createLineProgress, NO_PROGRESS } from "../../shared/progress.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { createFakePipeline } from "../pipeline/fake_pipeline.ts";
import { acceptedEmbeddings, embedPhotos } from "./embed_photos.ts";

/** Each photo contains a word. The pipeline has a result for each word. */
const PIPELINE = createFakePipeline(2, { right: [1, 0], up: [0, 1], landscape: "no_face" });
const QUIET = { progress: NO_PROGRESS, label: "" };

Deno.test("every photo is embedded or refused, in the given order", async () => {
  await using folder = await temporaryFolder({ 1: "right", 2: "landscape", 3: "up", 4: "a note" });
  const paths = (...names: string[]) => ({ photos: names.map(folder.path) });
  const people = [paths("1", "2"), paths("3", "missing", "4"), paths()];
  const embedded = await embedPhotos(PIPELINE, people, QUIET);
  assertEquals(
    embedded.people.map((photos) => photos.map(({ path }) => path)),
    people.map(({ photos }) => photos),
  );
  assertEquals(
    embedded.people.map((photos) => photos.map(({ embedding }) => embedding?.[0])),
    [[1, undefined], [0, undefined, undefined], []],
  );
  assertEquals(embedded.refused, [
    { path: folder.path("2"), reason: "no_face" },
    { path: folder.path("missing"), reason: "unreadable" },
    { path: folder.path("4"), reason: "unsupported_media_type" },
  ]);
});

Deno.test("a photo in another format is refused with its format", async () => {
  await using folder = await temporaryFolder({ 1: "GIF89a and so on" });
  const { refused } = await embedPhotos(PIPELINE, [{ photos: [folder.path("1")] }], QUIET);
  assertEquals(refused.map(({ reason }) => reason), ["GIF photo: convert it to JPEG"]);
});

Deno.test("acceptedEmbeddings does not include refused photos", async () => {
  await using folder = await temporaryFolder({ 1: "right", 2: "landscape", 3: "up" });
  const photos = ["1", "2", "3"].map(folder.path);
  const { people } = await embedPhotos(PIPELINE, [{ photos }, { photos: [] }], QUIET);
  assertEquals(acceptedEmbeddings(people), [[Float32Array.of(1, 0), Float32Array.of(0, 1)], []]);
});

Deno.test("progress counts every photo, also refused photos", async () => {
  await using folder = await temporaryFolder({ 1: "right", 2: "landscape" });
  const lines: string[] = [];
  const progress = createLineProgress((line) => lines.push(line));
  const people = [{ photos: [folder.path("1"), folder.path("2")] }, { photos: ["no/such/photo"] }];
  await embedPhotos(PIPELINE, people, { progress, label: "Reading photos" });
  assertEquals(lines, ["Reading photos: 3 photos …", "Reading photos: 3 photos, done"]);
});

Deno.test("an error that is not about the photo stops the work", async () => {
  await using folder = await temporaryFolder({ 1: "right" });
  const broken = { recognize: () => Promise.reject(new TypeError("A bug")) };
  const photos = [folder.path("1")];
  await assertRejects(() => embedPhotos(broken, [{ photos }], QUIET), TypeError, "A bug");
});
