import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../tests/support/random_people.ts";
import { buildGallery, createGalleryBuilder } from "../worker/gallery/gallery.ts";
import type { GalleryEntry } from "../worker/gallery/gallery_entry.ts";
import { fuse } from "./fuse.ts";
import type { Gallery } from "./gallery.ts";
import { createMatcher } from "./match.ts";
import { createUsearchScan, type Scan, scanByLoop } from "./scan.ts";
import { loadUsearch } from "./usearch.ts";
import { normalize } from "./vector.ts";

const usearch = loadUsearch();
assert(usearch, "usearch has no addon for this system, and the tests need one");
const SCANS: Readonly<Record<string, Scan>> = {
  loop: scanByLoop,
  usearch: createUsearchScan(usearch),
};

const findNearest = (gallery: Gallery, probe: Float32Array, userId?: string) =>
  createMatcher(gallery)(probe, userId);

const entry = (userId: string, ...embedding: number[]): GalleryEntry => ({
  user_id: userId,
  name: userId.toUpperCase(),
  embedding,
});

const GALLERY = buildGallery([
  entry("alice", 1, 0, 0),
  entry("bob", 0, 1, 0),
  entry("alice", 0, 0, 1),
], 3);

const probe = (...numbers: number[]): Float32Array => normalize(numbers);

Deno.test("the nearest user is found, and all templates count as compared", () => {
  const nearest = findNearest(GALLERY, probe(0.1, 0.9, 0.1));
  assertEquals(nearest?.user, { userId: "bob", name: "BOB" });
  assertEquals(nearest?.compared, 3);
  assertAlmostEquals(nearest!.similarity, 0.9 / Math.sqrt(0.83), 1e-6);
});

Deno.test("a user with several templates is compared as one vector between them", () => {
  const similar = buildGallery([entry("alice", 0.96, 0.28), entry("alice", 0.96, -0.28)], 2);
  for (const [name, scan] of Object.entries(SCANS)) {
    const match = createMatcher(similar, scan);
    assertAlmostEquals(match(probe(1, 0))!.similarity, 1, 1e-6, name);
    assertAlmostEquals(match(probe(0.96, 0.28))!.similarity, 0.96, 1e-6, name);
    assertEquals(match(probe(1, 0))!.compared, 2, name);
    assertEquals(match(probe(1, 0), "alice"), match(probe(1, 0)), name);
  }
});

Deno.test("the runner-up is the similarity with the second user", () => {
  for (const [name, scan] of Object.entries(SCANS)) {
    const nearest = createMatcher(GALLERY, scan)(probe(0.9, 0.3, 0.9))!;
    assertEquals(nearest.user.userId, "alice", name);
    assertAlmostEquals(nearest.runnerUp!, 0.3 / Math.sqrt(1.71), 1e-6, name);
  }
});

Deno.test("there is no runner-up for one user, also when the user has several templates", () => {
  assertEquals(findNearest(GALLERY, probe(1, 0.5, 0), "alice")?.runnerUp, undefined);
  const alone = buildGallery([entry("alice", 1, 0), entry("alice", 0.9, 0.1)], 2);
  for (const [name, scan] of Object.entries(SCANS)) {
    assertEquals(createMatcher(alone, scan)(probe(1, 0))?.runnerUp, undefined, name);
  }
});

Deno.test("with a user_id, only that user's templates are compared", () => {
  const nearest = findNearest(GALLERY, probe(0.1, 0.9, 0.2), "bob");
  assertEquals(nearest?.user.userId, "bob");
  assertEquals(nearest?.compared, 1);
  assertAlmostEquals(nearest!.similarity, 0.9 / Math.sqrt(0.86), 1e-6);
  assertEquals(findNearest(GALLERY, probe(0, 1, 0), "alice")?.compared, 2);
  assertEquals(findNearest(GALLERY, probe(1, 0, 0), "bob")?.similarity, 0);
});

Deno.test("a user whose templates cancel each other out is similar to nobody", () => {
  const opposite = buildGallery([entry("alice", 1, 0), entry("alice", -1, 0)], 2);
  for (const [name, scan] of Object.entries(SCANS)) {
    assertEquals(createMatcher(opposite, scan)(probe(1, 0))?.similarity, 0, name);
  }
});

Deno.test("nobody is found for an unknown user_id", () => {
  for (const unknown of ["carol", "", "Alice", "__proto__"]) {
    assertEquals(findNearest(GALLERY, probe(1, 0, 0), unknown), undefined);
  }
});

Deno.test("nobody is found in an empty gallery", () => {
  assertEquals(findNearest(buildGallery([], 3), probe(1, 0, 0)), undefined);
  assertEquals(findNearest(buildGallery([], 3), probe(1, 0, 0), "alice"), undefined);
});

Deno.test("nobody is found for a probe with NaN", () => {
  for (const userId of [undefined, "alice"]) {
    assertEquals(findNearest(GALLERY, Float32Array.of(NaN, 0, 0), userId), undefined);
  }
});

Deno.test("a probe with a wrong length is refused", () => {
  assertThrows(() => findNearest(GALLERY, probe(1, 0)), RangeError, "has 2 numbers instead of 3");
});

Deno.test("a similarity is from -1 to 1, also after rounding", () => {
  const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
    minLength: 8,
    maxLength: 8,
  }).filter((vector) => Math.hypot(...vector) > 1e-3);
  fc.assert(fc.property(numbers, (vector) => {
    const same = findNearest(buildGallery([entry("alice", ...vector)], 8), normalize(vector));
    assert(same!.similarity <= 1);
    assertAlmostEquals(same!.similarity, 1, 1e-6);
    const opposite = normalize(vector.map((value) => -value));
    const least = findNearest(buildGallery([entry("alice", ...vector)], 8), opposite);
    assert(least!.similarity >= -1);
    assertAlmostEquals(least!.similarity, -1, 1e-6);
  }));
});

Deno.test("when several users are equally similar, the first is found and the runner-up is equal", () => {
  const builder = createGalleryBuilder(2);
  builder.add([entry("far", 0, 1), entry("first", 1, 0), entry("second", 1, 0)]);
  builder.add([]);
  builder.add([entry("third", 1, 0)]);
  for (const [name, scan] of Object.entries(SCANS)) {
    const match = createMatcher(builder.build(), scan);
    const nearest = match(probe(1, 0));
    assertEquals([nearest?.user.userId, nearest?.runnerUp], ["first", 1], name);
    assertEquals(match(probe(1, 0), "third")?.similarity, 1, name);
  }
});

Deno.test("a probe may be a part of a larger buffer", () => {
  const buffer = Float32Array.of(1, 0, 0, 0, 1, 0);
  for (const [name, scan] of Object.entries(SCANS)) {
    assertEquals(createMatcher(GALLERY, scan)(buffer.subarray(3))?.user.userId, "bob", name);
  }
});

Deno.test("no kind of scan finds a user for a probe with NaN", () => {
  for (const [name, scan] of Object.entries(SCANS)) {
    const none = createMatcher(GALLERY, scan)(Float32Array.of(NaN, NaN, 1));
    assertEquals(none, undefined, name);
  }
});

Deno.test("nearest user and runner-up are the same as when all are compared in double precision", () => {
  // Includes lengths that are not multiples of 4: the sum takes four elements at a time.
  const cases = fc.integer({ min: 1, max: 37 }).chain((dimension) => {
    const vector = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
      minLength: dimension,
      maxLength: dimension,
    }).filter((numbers) => Math.hypot(...numbers) > 1e-3);
    const userIds = fc.oneof(fc.constantFrom("a", "b"), fc.nat(40).map(String));
    const entries = fc.array(fc.tuple(userIds, vector), { minLength: 1, maxLength: 90 });
    const only = fc.constantFrom(undefined, "a", "b");
    return fc.tuple(vector, entries, fc.nat(90), only, fc.constantFrom(...Object.values(SCANS)));
  });
  fc.assert(
    fc.property(cases, ([vector, entries, cut, only, scan]) => {
      const builder = createGalleryBuilder(vector.length);
      const inFile = entries.map(([userId, embedding]) => entry(userId, ...embedding));
      builder.add(inFile.slice(0, cut));
      builder.add(inFile.slice(cut));
      const nearest = createMatcher(builder.build(), scan)(normalize(vector), only);
      const compared = entries.filter(([userId]) => only === undefined || userId === only);
      const byUser = Map.groupBy(compared, ([userId]) => userId);
      const scores = new Map(Array.from(byUser, ([userId, group]) => {
        const fused = fuse(group.map(([, embedding]) => normalize(embedding)));
        return [userId, doubleDot([...fused], vector.map((x) => x / Math.hypot(...vector)))];
      }));
      if (nearest === undefined) {
        assertEquals(scores.size, 0);
        return;
      }
      const { userId } = nearest.user;
      const best = Math.max(...scores.values());
      assertAlmostEquals(nearest.similarity, best, 1e-6);
      assertAlmostEquals(scores.get(userId)!, best, 1e-6);
      assertEquals(nearest.compared, compared.length);
      scores.delete(userId);
      if (scores.size === 0) assertEquals(nearest.runnerUp, undefined);
      else assertAlmostEquals(nearest.runnerUp!, Math.max(...scores.values()), 1e-6);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the order of enrolment and earlier, removed templates change no similarity", () => {
  const vector = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
    minLength: 5,
    maxLength: 5,
  }).filter((numbers) => Math.hypot(...numbers) > 1e-3);
  const entries = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), vector), {
    minLength: 1,
    maxLength: 15,
  });
  const cases = entries.chain((given) =>
    fc.tuple(
      fc.constant(given.map(([userId, embedding]) => entry(userId, ...embedding))),
      fc.shuffledSubarray([...given.keys()], { minLength: given.length }),
      fc.nat(15),
      vector,
    )
  );
  fc.assert(fc.property(cases, ([given, order, cut, sought]) => {
    const shuffled = order.map((i) => given[i]!);
    const builder = createGalleryBuilder(5);
    builder.add(shuffled.slice(0, cut));
    builder.add(shuffled.slice(cut));
    const before = createMatcher(buildGallery(given, 5)), after = createMatcher(builder.build());
    for (const userId of ["a", "b", "c"]) {
      assertEquals(after(normalize(sought), userId), before(normalize(sought), userId));
    }
    // Removing a template from the files is the same as never having added it.
    const without = buildGallery(given.slice(1), 5);
    const never = createGalleryBuilder(5);
    for (const one of given.slice(1)) never.add([one]);
    for (const userId of ["a", "b", "c"]) {
      const expected = createMatcher(never.build())(normalize(sought), userId);
      assertEquals(createMatcher(without)(normalize(sought), userId), expected);
    }
  }));
});

Deno.test("among 100,000 users, the nearest one is the same as in double precision", () => {
  const size = 100_000, dimension = 512;
  const [directions] = randomPeople(1, 200, dimension, 0);
  const templates = new Float32Array(size * dimension);
  // Each template is the sum of two directions. So they are made quickly, and all are different.
  for (let i = 0; i < size; i++) {
    const [a, b] = [directions![i % 199]!, directions![(i * 7 + Math.floor(i / 199)) % 200]!];
    const sum = a.map((value, j) => value + 0.9 * b[j]!);
    normalize(sum, templates.subarray(i * dimension, (i + 1) * dimension));
  }
  const users = Array.from({ length: size }, (_, i) => ({ userId: `${i}`, name: "" }));
  const indexOf = new Map(users.map(({ userId }, i) => [userId, i]));
  const match = createMatcher({
    dimension,
    users,
    indexOf,
    templateCounts: users.map(() => 1),
    segments: [{ first: 0, vectors: templates }],
    size,
  });
  for (const seed of [1, 2, 3]) {
    const [a, b] = [directions![seed * 31]!, directions![seed * 57]!];
    const sought = normalize(a.map((value, j) => value + 0.7 * b[j]!));
    let best = -1, similarity = -Infinity;
    for (let i = 0; i < size; i++) {
      let score = 0;
      for (let j = 0; j < dimension; j++) score += templates[i * dimension + j]! * sought[j]!;
      if (score > similarity) [best, similarity] = [i, score];
    }
    const nearest = match(sought)!;
    assertEquals(nearest.compared, size);
    assertAlmostEquals(nearest.similarity, similarity, 1e-6);
    assertEquals(nearest.user.userId, `${best}`);
    assertEquals(match(sought, `${best}`)?.similarity, nearest.similarity);
  }
});

function doubleDot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
