import { assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../shared/contract/problem.ts";
import { embeddingsOf, embedPeople } from "./embed_people.ts";
import type { PersonFolder } from "./photo_folder.ts";
import type { Pipeline, RecognizedFace } from "../pipeline/pipeline.ts";

/** Takes a picture's first byte for its embedding, and refuses a picture that begins with 0. */
const firstByte: Pick<Pipeline, "recognize"> = {
  recognize(picture): Promise<RecognizedFace> {
    if (picture[0] === 0) return Promise.reject(new Problem("no_face", "No face"));
    if (picture[0] === 255) return Promise.reject(new TypeError("A fault of ours"));
    const box = { left: 0, top: 0, right: 1, bottom: 1 };
    const embedding = Float32Array.of(picture[0]!);
    return Promise.resolve({ box, points: [[0, 0], [0, 0], [0, 0], [0, 0], [0, 0]], embedding });
  },
};

Deno.test("every photo is embedded or refused, in the order of the folder", async () => {
  await using folder = await photos({ "a/1": 7, "a/2": 0, "b/1": 9 });
  const heard: unknown[] = [];
  const people = await embedPeople(
    firstByte,
    folder.people,
    (path, refusal) => heard.push([folder.short(path), refusal]),
  );
  assertEquals(heard, [["a/1", undefined], ["a/2", "no_face"], ["b/1", undefined]]);
  assertEquals(people.map(({ person }) => person), ["a", "b"]);
  assertEquals(people[0]!.photos.map(({ embedding }) => embedding?.[0]), [7, undefined]);
  assertEquals(embeddingsOf(people), [[Float32Array.of(7)], [Float32Array.of(9)]]);
});

Deno.test("a fault that is not the photo's is not taken for a refusal", async () => {
  await using folder = await photos({ "a/1": 255 });
  await assertRejects(() => embedPeople(firstByte, folder.people, () => {}), TypeError, "fault");
});

Deno.test("a photo that is gone by now stops the work", async () => {
  const people = [{ person: "a", photos: ["no/such/photo.jpg"] }];
  await assertRejects(() => embedPeople(firstByte, people, () => {}), Deno.errors.NotFound);
});

interface TemporaryPhotos extends AsyncDisposable {
  readonly people: PersonFolder[];
  short(path: string): string;
}

/** Files of one byte each, by their path below a temporary folder. */
async function photos(files: Record<string, number>): Promise<TemporaryPhotos> {
  const folder = await Deno.makeTempDir();
  const byPerson = new Map<string, string[]>();
  for (const [path, byte] of Object.entries(files)) {
    const person = path.split("/")[0]!;
    await Deno.mkdir(`${folder}/${person}`, { recursive: true });
    await Deno.writeFile(`${folder}/${path}`, Uint8Array.of(byte));
    byPerson.set(person, [...byPerson.get(person) ?? [], `${folder}/${path}`]);
  }
  return {
    people: [...byPerson].map(([person, photos]) => ({ person, photos })),
    short: (path) => path.slice(folder.length + 1),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
