import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { cosine, normalize } from "../../../matching/vector.ts";
import { countPairs, type LabelledEmbeddings, strangerCosines } from "./stranger_cosines.ts";

/** Returns the cosines of all pairs of accepted photos of two people, highest first. */
function compareOneByOne(people: LabelledEmbeddings): number[] {
  const photos = people.flatMap((person, owner) =>
    person.flatMap((photo) => photo === undefined ? [] : [{ owner, photo }])
  );
  const cosines = photos.flatMap((a, i) =>
    photos.slice(i + 1).flatMap((b) => a.owner === b.owner ? [] : [cosine(a.photo, b.photo)])
  );
  return cosines.sort((a, b) => b - a);
}

/** Photos of few directions, so that many pairs have the same cosine. */
const photo = fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 3, maxLength: 3 })
  .filter((numbers) => numbers.some((number) => number !== 0))
  .map((numbers) => normalize(numbers));
const people = fc.array(fc.array(fc.option(photo, { nil: undefined }), { maxLength: 5 }), {
  maxLength: 12,
});

Deno.test("the counts, the histogram and the top pairs are those of all pairs one by one", () => {
  fc.assert(fc.property(people, fc.nat(30), (people, kept) => {
    const cosines = compareOneByOne(people);
    const strangers = strangerCosines(people, { kept });
    const { top, histogram, owners } = strangers;
    assertEquals(strangers.pairs, cosines.length);
    assertEquals(countPairs(strangers.photosOf), cosines.length);
    assertEquals(histogram.total, cosines.length);
    assertEquals([...top.cosines], cosines.slice(0, kept));
    for (const [i, first] of top.first.entries()) {
      assert(owners[first] !== owners[top.second[i]!]);
    }
    for (const bound of top.cosines.slice(0, -1)) {
      if (bound === top.cosines.at(-1)) continue;
      assertEquals(strangers.countAtLeast(bound), cosines.filter((c) => c >= bound).length);
    }
    for (const edge of [-1, -0.5, 0, 0.25, 0.75]) {
      assertEquals(
        strangers.countAtLeast(edge),
        cosines.filter((c) => c >= edge).length,
        `${edge}`,
      );
    }
  }));
});

Deno.test("a cosine between the ends of a bin counts the whole bin, and never fewer pairs", () => {
  fc.assert(fc.property(people, fc.double({ min: -1, max: 1, noNaN: true }), (people, bound) => {
    const strangers = strangerCosines(people, { kept: 3 });
    const cosines = compareOneByOne(people);
    const exact = cosines.filter((cosine) => cosine >= bound).length;
    const wider = cosines.filter((cosine) => cosine >= bound - 2 ** -15).length;
    const count = strangers.countAtLeast(bound);
    assert(count >= exact && count <= wider, `${exact} <= ${count} <= ${wider}`);
  }));
});

Deno.test("a share of the pairs is reached by at most this share, and the next cosine by more", () => {
  fc.assert(
    fc.property(people, fc.nat(100), (people, percent) => {
      const share = percent / 100;
      const strangers = strangerCosines(people);
      const cosines = compareOneByOne(people);
      const reached = strangers.reachedBy(share);
      const allowed = share * cosines.length * (1 + 1e-12);
      const below = cosines.filter((cosine) => cosine < (reached ?? Infinity));
      if (reached !== undefined) {
        assert(cosines.filter((cosine) => cosine >= reached).length <= allowed);
      }
      if (below.length > 0) {
        assert(cosines.filter((cosine) => cosine >= below[0]!).length > allowed);
      }
    }),
  );
});

Deno.test("a share of more pairs than are kept is unknown", () => {
  const strangers = strangerCosines(randomPeople(10, 2, 16, 0.5), { kept: 10 });
  assertEquals(strangers.pairs, 180);
  assertEquals(strangers.reachedBy(10 / 180), strangers.top.cosines[9]);
  assertEquals(strangers.reachedBy(11 / 180), undefined);
  assertEquals(strangers.reachedBy(0.5 / 180), undefined);
});

Deno.test("embeddings of two lengths are an error", () => {
  const mixed = [[normalize([1, 0])], [normalize([1, 0, 0])]];
  assertThrows(() => strangerCosines(mixed), RangeError, "2 and 3 numbers");
});

Deno.test("only pairs of two different people count", () => {
  const [x, y, between] = [normalize([1, 0]), normalize([0, 1]), normalize([1, 1])];
  const cosines = (people: LabelledEmbeddings) => [...strangerCosines(people).top.cosines];
  assertEquals(cosines([[x, x, x], [y]]), [0, 0, 0]);
  assertEquals(cosines([[x, y, between]]), []);
  assertEquals(cosines([]), []);
  assertEquals(cosines([[x, y], [], [x], [undefined, y]]), [1, 1, 0, 0, 0]);
});

Deno.test("every pair of photos of two people is compared once, for any number of photos", () => {
  const counts = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 9 }), (counts, dimension) => {
      const people = counts.map((photos, i) => randomPeople(i + 1, photos, dimension, 0.5).at(-1)!);
      const photos = people.flat();
      const { pairs, top: { cosines, first, second } } = strangerCosines(people, { kept: 1e5 });
      const expected = compareOneByOne(people);
      assertEquals([pairs, cosines.length], [expected.length, expected.length]);
      assertEquals(new Set(first.map((a, i) => a * photos.length + second[i]!)).size, pairs);
      cosines.forEach((found, i) => {
        assertAlmostEquals(found, expected[i]!, 1e-12);
        assertAlmostEquals(found, cosine(photos[first[i]!]!, photos[second[i]!]!), 1e-12);
        assert(first[i]! < second[i]!);
      });
    }),
    { numRuns: 30 },
  );
});

Deno.test("pairs of people that are left out are not compared, in either order", () => {
  const people = randomPeople(5, 2, 8, 0);
  const { pairs, histogram, owners, top: { first, second } } = strangerCosines(people, {
    excluded: [[0, 1], [3, 2]],
  });
  assertEquals([pairs, histogram.total, first.length], [32, 32, 32]);
  const compared = new Set(Array.from(first, (a, i) => `${owners[a]} ${owners[second[i]!]}`));
  assert(!compared.has("0 1") && !compared.has("2 3") && compared.has("1 2"));
  assertEquals(compared.size, 8);
});

Deno.test("of pairs with the same cosine, the earlier photos come first", () => {
  const [x, y] = [normalize([1, 0]), normalize([0, 1])];
  const { top } = strangerCosines([[x], [y], [x], [y], [x]]);
  assertEquals([...top.cosines.slice(0, 4)], [1, 1, 1, 1]);
  assertEquals([...top.first.slice(0, 4)], [0, 0, 1, 2]);
  assertEquals([...top.second.slice(0, 4)], [2, 4, 3, 4]);
});
