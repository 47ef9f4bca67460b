import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { limitPhotos, MAX_PHOTOS, MAX_PHOTOS_PER_PERSON } from "./limit_photos.ts";
import type { PersonFolder } from "./photo_folder.ts";

const peopleWith = (counts: readonly number[]): PersonFolder[] =>
  counts.map((count, i) => ({
    person: `person ${i}`,
    photos: Array.from({ length: count }, (_, photo) => `${i}/${photo}`),
  }));

const countOf = (people: readonly PersonFolder[]): number[] =>
  people.map(({ photos }) => photos.length);

Deno.test("a person's photos are limited, and the chosen ones are spread evenly", () => {
  const [one, many] = limitPhotos(peopleWith([3, 530]));
  assertEquals(one!.photos, ["0/0", "0/1", "0/2"]);
  assertEquals(many!.photos.length, MAX_PHOTOS_PER_PERSON);
  assertEquals(many!.photos.slice(0, 3), ["1/0", "1/53", "1/106"]);
});

Deno.test("with too many photos, fewer of each person are used, and then fewer people", () => {
  const counts = (people: number, photos: number) =>
    countOf(limitPhotos(peopleWith(Array.from({ length: people }, () => photos))));
  assertEquals(new Set(counts(4_000, 9)), new Set([5]));
  assertEquals(new Set(counts(15_000, 9)), new Set([1]));
  const fewer = counts(30_000, 9);
  assertEquals(fewer.filter((count) => count === 1).length, MAX_PHOTOS);
  assert(fewer.slice(0, 3).includes(1) && fewer.slice(-3).includes(1));
});

Deno.test("at most the largest number of photos is used, in the order of the folder", () => {
  const counts = fc.array(fc.nat({ max: 40 }), { maxLength: 3_000, size: "max" });
  fc.assert(
    fc.property(counts, (counts) => {
      const people = peopleWith(counts);
      const limited = limitPhotos(people);
      assertEquals(limited.map(({ person }) => person), people.map(({ person }) => person));
      assert(countOf(limited).reduce((sum, count) => sum + count, 0) <= MAX_PHOTOS);
      limited.forEach(({ photos }, i) => {
        const all = people[i]!.photos;
        assertEquals(photos, all.filter((photo) => photos.includes(photo)));
      });
    }),
    { numRuns: 20 },
  );
});
