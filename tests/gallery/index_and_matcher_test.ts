// The service's index and a worker's matcher must answer alike: a gallery may move from workers to
// the service, and no score may change.

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { IndexQuery } from "../../gallery/index/gallery_index.ts";
import { createGalleryIndex } from "../../gallery/index/memory_index.ts";
import { createMatcher } from "../../matching/match.ts";
import { normalize } from "../../matching/vector.ts";
import { buildGallery } from "../../worker/gallery/gallery.ts";
import { MODEL } from "../support/gallery_store.ts";
import { seededRandom } from "../support/seeded_random.ts";

/** Makes the same users for an index and a matcher. Each has `count(i)` templates. */
function makeBoth(users: number, dimension: number, count: (i: number) => number, seed: number) {
  const random = seededRandom(seed);
  const vector = () => Array.from({ length: dimension }, () => random() - 0.5);
  const people = Array.from({ length: users }, (_, i) => {
    const first = vector();
    // Some people's templates agree, and some people's do not.
    const others = Array.from({ length: count(i) - 1 }, () => {
      const noise = vector(), share = i % 3;
      return first.map((value, j) => value + share * noise[j]!);
    });
    return { userId: `${i}`, name: `User ${i}`, embeddings: [first, ...others] };
  });
  const index = createGalleryIndex();
  for (const { userId, name, embeddings } of people) {
    const templates = embeddings.map((numbers, i) => ({
      templateId: `${userId} ${i}`,
      model: MODEL,
      embedding: normalize(numbers),
      photo: new Uint8Array(32),
    }));
    index.put({ collection: "default", userId, name, templates });
  }
  const entries = people.flatMap(({ userId, name, embeddings }) =>
    embeddings.map((embedding) => ({ user_id: userId, name, embedding }))
  );
  return { index, match: createMatcher(buildGallery(entries, dimension)), vector, people };
}

function compareBoth(size: number, dimension: number, count: (i: number) => number, seed: number) {
  const { index, match, vector, people } = makeBoth(size, dimension, count, seed);
  for (const i of [0, 1, 2, size - 1, Math.floor(size / 2)]) {
    const own = people[i]!.embeddings[0]!;
    const noise = vector();
    for (const probe of [normalize(own), normalize(noise)]) {
      for (const userId of [undefined, `${i}`, "nobody"]) {
        const query: IndexQuery = { collection: "default", model: MODEL, probe, now: 0 };
        const found = index.search(userId === undefined ? query : { ...query, userId });
        const nearest = match(probe, userId);
        const { user, ...numbers } = nearest ?? {};
        assertEquals(found, nearest && { ...user, ...numbers });
      }
    }
  }
}

Deno.test("the index and a worker's matcher give the same user and the same numbers", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 120 }),
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(),
      (users, dimension, most, seed) => compareBoth(users, dimension, (i) => 1 + i % most, seed),
    ),
    { numRuns: 100 },
  );
});

Deno.test("the index and a worker's matcher agree in several segments that usearch searches", () => {
  compareBoth(5000, 64, (i) => 1 + i % 3, 7);
});
