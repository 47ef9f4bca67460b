import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { normalize } from "../pipeline/embed.ts";
import { buildGallery, type GalleryEntry } from "./gallery.ts";
import { findNearest } from "./match.ts";

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

Deno.test("the nearest template's user is found", () => {
  const nearest = findNearest(GALLERY, probe(0.1, 0.9, 0.1));
  assertEquals(nearest?.user, { userId: "bob", name: "BOB" });
  assertEquals(nearest?.compared, 3);
  assertAlmostEquals(nearest!.similarity, 0.9 / Math.sqrt(0.83), 1e-6);
});

Deno.test("of several templates of a user the best counts", () => {
  for (const near of [probe(1, 0.3, 0), probe(0, 0.3, 1)]) {
    assertEquals(findNearest(GALLERY, near)?.user.userId, "alice");
  }
});

Deno.test("with a user_id only that user's templates are compared", () => {
  const nearest = findNearest(GALLERY, probe(0.1, 0.9, 0.2), "alice");
  assertEquals(nearest?.user.userId, "alice");
  assertEquals(nearest?.compared, 2);
  assertAlmostEquals(nearest!.similarity, 0.2 / Math.sqrt(0.86), 1e-6);
  assertEquals(findNearest(GALLERY, probe(1, 0, 0), "bob")?.similarity, 0);
});

Deno.test("there is nobody to find for an unknown user_id", () => {
  for (const unknown of ["carol", "", "Alice", "__proto__"]) {
    assertEquals(findNearest(GALLERY, probe(1, 0, 0), unknown), undefined);
  }
});

Deno.test("there is nobody to find in an empty gallery", () => {
  assertEquals(findNearest(buildGallery([], 3), probe(1, 0, 0)), undefined);
  assertEquals(findNearest(buildGallery([], 3), probe(1, 0, 0), "alice"), undefined);
});

Deno.test("a probe that is not a number resembles nobody", () => {
  assertEquals(findNearest(GALLERY, Float32Array.of(NaN, 0, 0)), undefined);
});

Deno.test("a probe of another length is refused", () => {
  assertThrows(() => findNearest(GALLERY, probe(1, 0)), RangeError, "has 2 numbers, the gallery 3");
});

Deno.test("rounding does not bring a similarity beyond 1", () => {
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

Deno.test("the match agrees with comparing everything in double precision", () => {
  // Lengths that are no multiple of 4 too: the sum takes four elements at a time.
  const cases = fc.integer({ min: 1, max: 37 }).chain((dimension) => {
    const vector = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
      minLength: dimension,
      maxLength: dimension,
    }).filter((numbers) => Math.hypot(...numbers) > 1e-3);
    const entries = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), vector), {
      minLength: 1,
      maxLength: 30,
    });
    return fc.tuple(vector, entries, fc.constantFrom(undefined, "a", "b"));
  });
  fc.assert(
    fc.property(cases, ([vector, entries, only]) => {
      const gallery = buildGallery(
        entries.map(([userId, embedding]) => entry(userId, ...embedding)),
        vector.length,
      );
      const nearest = findNearest(gallery, normalize(vector), only);
      const scores = entries
        .filter(([userId]) => only === undefined || userId === only)
        .map(([userId, embedding]) => ({ userId, score: doubleCosine(embedding, vector) }));
      if (nearest === undefined) {
        assertEquals(scores.length, 0);
        return;
      }
      const best = Math.max(...scores.map(({ score }) => score));
      assertAlmostEquals(nearest.similarity, best, 1e-5);
      assertEquals(nearest.compared, scores.length);
      const own = scores.filter(({ userId }) => userId === nearest.user.userId);
      assertAlmostEquals(Math.max(...own.map(({ score }) => score)), best, 1e-5);
    }),
    { numRuns: 500 },
  );
});

function doubleCosine(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}
