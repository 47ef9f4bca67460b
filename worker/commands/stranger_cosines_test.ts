import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../../tests/support/random_people.ts";
import { cosine, normalize } from "../vector.ts";
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

Deno.test("the counts, the bins and the top pairs are those of all pairs one by one", () => {
  fc.assert(fc.property(people, fc.nat(30), (people, kept) => {
    const cosines = compareOneByOne(people);
    const strangers = strangerCosines(people, kept);
    const { top, bins, owners } = strangers;
    assertEquals(strangers.pairs, cosines.length);
    assertEquals(countPairs(strangers.photosOf), cosines.length);
    assertEquals(bins.reduce((sum, count) => sum + count, 0), cosines.length);
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
    const strangers = strangerCosines(people, 3);
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
  const strangers = strangerCosines(randomPeople(10, 2, 16, 0.5), 10);
  assertEquals(strangers.pairs, 180);
  assertEquals(strangers.reachedBy(10 / 180), strangers.top.cosines[9]);
  assertEquals(strangers.reachedBy(11 / 180), undefined);
  assertEquals(strangers.reachedBy(0.5 / 180), undefined);
});

Deno.test("embeddings of two lengths are an error", () => {
  const mixed = [[normalize([1, 0])], [normalize([1, 0, 0])]];
  assertThrows(() => strangerCosines(mixed), RangeError, "2 and 3 numbers");
});
