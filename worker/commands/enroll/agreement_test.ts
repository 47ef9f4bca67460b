import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { createLikeness } from "../../../matching/likeness.ts";
import { normalize } from "../../../matching/vector.ts";
import { findUnlikePhotos } from "./agreement.ts";

const CALIBRATION = { fitted_mean_cosine: 0.0221, fitted_dimension: 79.9 };
const isAlike = createLikeness(CALIBRATION);

// Photos of one person have a cosine of about 0.6, photos of two people one of about 0.
const [ALICE, BOB, EVE] = randomPeople(3, 6, 512, 0.78) as [
  Float32Array[],
  Float32Array[],
  Float32Array[],
];

const unlike = (existing: readonly Float32Array[], ...photos: (Float32Array | undefined)[]) =>
  findUnlikePhotos(
    existing,
    photos.map((embedding, i) => ({ path: `${i}`, embedding: embedding! })),
    isAlike,
  ).map(({ path }) => Number(path));

Deno.test("the only photo of a user is trusted", () => {
  assertEquals(unlike([], ALICE[0]), []);
  assertEquals(unlike([]), []);
});

Deno.test("of several photos, those that are like the majority are trusted", () => {
  assertEquals(unlike([], ALICE[0], ALICE[1]), []);
  assertEquals(unlike([], ALICE[0], BOB[0], ALICE[1]), [1]);
  assertEquals(unlike([], BOB[0], ALICE[0], ALICE[1], ALICE[2], EVE[0]), [0, 4]);
  assertEquals(unlike([], ALICE[0], BOB[0], ALICE[1], BOB[1], ALICE[2]), [1, 3]);
});

Deno.test("without a majority, no photo is trusted", () => {
  assertEquals(unlike([], ALICE[0], BOB[0]), [0, 1]);
  assertEquals(unlike([], ALICE[0], BOB[0], EVE[0]), [0, 1, 2]);
  assertEquals(unlike([], ALICE[0], ALICE[1], BOB[0], BOB[1]), [0, 1, 2, 3]);
});

Deno.test("copies of a photo do not make a majority", () => {
  assertEquals(unlike([], ALICE[0], BOB[0], BOB[0]), [0, 1, 2]);
  assertEquals(unlike([], ALICE[0], ALICE[1], BOB[0], BOB[0], BOB[0]), [2, 3, 4]);
});

Deno.test("a user's existing templates decide, also against many new photos", () => {
  assertEquals(unlike([ALICE[0]!], ALICE[1], BOB[0]), [1]);
  assertEquals(unlike([ALICE[0]!], BOB[0], BOB[1], BOB[2]), [0, 1, 2]);
  assertEquals(unlike([ALICE[0]!, ALICE[1]!, BOB[0]!], ALICE[2], BOB[1]), [1]);
  assertEquals(unlike([ALICE[0]!, BOB[0]!], ALICE[1], BOB[1]), [0, 1]);
});

Deno.test("the order of the photos does not matter", () => {
  const photos = [...ALICE.slice(0, 3), ...BOB.slice(0, 2), EVE[0]!, ALICE[0]!];
  const indices = fc.shuffledSubarray([...photos.keys()], { minLength: 1 });
  fc.assert(fc.property(indices, (order) => {
    const shuffled = unlike([], ...order.map((i) => photos[i])).map((i) => order[i]!);
    const sorted = order.toSorted((a, b) => a - b);
    const straight = unlike([], ...sorted.map((i) => photos[i])).map((i) => sorted[i]!);
    assertEquals(shuffled.toSorted((a, b) => a - b), straight);
  }));
});

Deno.test("two trusted photos that are unlike are both like a third one", () => {
  const directions = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
    minLength: 4,
    maxLength: 4,
  }).filter((values) => Math.hypot(...values) > 0.1).map(normalize);
  fc.assert(fc.property(fc.array(directions, { minLength: 1, maxLength: 7 }), (photos) => {
    const refused = new Set(unlike([], ...photos));
    const trusted = photos.filter((_, i) => !refused.has(i));
    for (const a of trusted) {
      for (const b of trusted) {
        const like = (x: Float32Array, y: Float32Array) =>
          isAlike(x.reduce((sum, value, i) => sum + value * y[i]!, 0));
        assert(like(a, b) || photos.some((third) => like(a, third) && like(b, third)));
      }
    }
  }));
});
