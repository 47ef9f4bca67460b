import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { NO_PROGRESS } from "../../../shared/progress.ts";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { cosine, normalize } from "../../vector.ts";
import { compareStrangers } from "./compare_strangers.ts";

const unit = (...values: number[]): Float32Array => normalize(values);
const compare = (
  people: readonly (readonly Float32Array[])[],
  options: { keep?: number; excluded?: [number, number][] } = {},
) => compareStrangers(people, { progress: NO_PROGRESS, ...options });

/** Returns the cosines of all pairs of two people, the highest first. */
function cosinesOf(people: readonly (readonly Float32Array[])[]): number[] {
  return people.flatMap((person, i) =>
    people.slice(i + 1).flatMap((other) => person.flatMap((a) => other.map((b) => cosine(a, b))))
  ).sort((a, b) => b - a);
}

Deno.test("only pairs of two different people count", () => {
  const [x, y, between] = [unit(1, 0), unit(0, 1), unit(1, 1)];
  const cosines = (people: Float32Array[][]) =>
    compare(people).mostSimilar.map(({ cosine }) => cosine);
  assertEquals(cosines([[x, x, x], [y]]), [0, 0, 0]);
  assertEquals(cosines([[x, y, between]]), []);
  assertEquals(cosines([]), []);
  assertEquals(cosines([[x, y], [], [x], [y]]), [1, 1, 0, 0, 0]);
});

Deno.test("every pair of photos of two people is compared once, for any number of photos", () => {
  const counts = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 9 }), (counts, dimension) => {
      const people = counts.map((photos, i) => randomPeople(i + 1, photos, dimension, 0.5).at(-1)!);
      const { histogram, mostSimilar } = compare(people, { keep: 100_000 });
      const expected = cosinesOf(people);
      assertEquals(histogram.total, expected.length);
      assertEquals(mostSimilar.length, expected.length);
      mostSimilar.forEach((pair, i) => assertAlmostEquals(pair.cosine, expected[i]!, 1e-6));
      for (const { cosine: found, a, b } of mostSimilar) {
        assertAlmostEquals(found, cosine(people[a[0]]![a[1]]!, people[b[0]]![b[1]]!), 1e-6);
        assert(a[0] < b[0]);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("only the most similar pairs are kept, but all are counted", () => {
  const people = randomPeople(60, 3, 16, 0);
  const { histogram, mostSimilar } = compare(people, { keep: 7 });
  const expected = cosinesOf(people);
  assertEquals(histogram.total, expected.length);
  assertEquals(mostSimilar.length, 7);
  mostSimilar.forEach((pair, i) => assertAlmostEquals(pair.cosine, expected[i]!, 1e-6));
});

Deno.test("pairs of people that are left out are not compared, in either order", () => {
  const people = randomPeople(5, 2, 8, 0);
  const { histogram, mostSimilar } = compare(people, { excluded: [[0, 1], [3, 2]] });
  assertEquals(histogram.total, 40 - 8);
  const compared = new Set(mostSimilar.map(({ a, b }) => `${a[0]} ${b[0]}`));
  assert(!compared.has("0 1") && !compared.has("2 3") && compared.has("1 2"));
});
