import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { cosine } from "../../../matching/vector.ts";
import { type LabelledEmbeddings, strangerCosines } from "../strangers/stranger_cosines.ts";
import { findStrangerMatches } from "../strangers/stranger_matches.ts";
import { falsePositiveIdentification } from "./identification.ts";
import { chooseTemplates } from "./template_choices.ts";

/** Computes the FPIR by a search in every gallery that has one photo each of `size` people. */
function searchAllGalleries(people: LabelledEmbeddings, size: number, threshold: number): number {
  const accepted = people.map((photos) => photos.filter((photo) => photo !== undefined));
  const present = accepted.filter(({ length }) => length > 0);
  const rates = present.map((probes, person) => {
    const others = present.filter((_, i) => i !== person);
    const galleries = chooseTemplates(others.length, size, Infinity)
      .flatMap((chosen) => chooseOneOfEach(chosen.map((i) => others[i]!)));
    const accepts = probes.map((probe) => {
      // Each choice of people counts alike, whatever their number of photos.
      const shares = galleries.map(({ photos, share }) =>
        photos.some((photo) => cosine(probe, photo) >= threshold) ? share : 0
      );
      const total = galleries.reduce((sum, { share }) => sum + share, 0);
      return shares.reduce((sum, share) => sum + share, 0) / total;
    });
    return accepts.reduce((sum, rate) => sum + rate, 0) / accepts.length;
  });
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

function chooseOneOfEach(
  people: readonly (readonly Float32Array[])[],
): { photos: Float32Array[]; share: number }[] {
  const [first, ...rest] = people;
  if (first === undefined) return [{ photos: [], share: 1 }];
  return chooseOneOfEach(rest).flatMap(({ photos, share }) =>
    first.map((photo) => ({ photos: [photo, ...photos], share: share / first.length }))
  );
}

const PEOPLE: LabelledEmbeddings = randomPeople(7, 3, 6, 0.7).map((photos, person) =>
  // Some people have fewer photos, one has a refused photo, and one has none that is accepted.
  person === 2
    ? photos.map(() => undefined)
    : person === 3
    ? [undefined, photos[0]]
    : photos.slice(0, 1 + person % 3)
);

function fpir(people: LabelledEmbeddings, size: number, threshold: number, weights?: number[]) {
  const strangers = strangerCosines(people);
  const matches = findStrangerMatches(strangers, threshold)!;
  const alike = Array<number>(people.length).fill(1);
  return falsePositiveIdentification(strangers, matches, size, Float64Array.from(weights ?? alike));
}

Deno.test("the FPIR is that of a search in every possible gallery", () => {
  for (const size of [1, 2, 3, 5]) {
    for (const threshold of [-0.2, 0.1, 0.4, 0.8]) {
      const expected = searchAllGalleries(PEOPLE, size, threshold);
      assertAlmostEquals(fpir(PEOPLE, size, threshold)!, expected, 1e-12);
    }
  }
});

Deno.test("a person who counts twice is two people with the same photos", () => {
  const people = PEOPLE.slice(3);
  const weights = [1, 2, 0, 1];
  const copies = [people[0]!, people[1]!, people[1]!, people[3]!];
  const threshold = 0.3;
  // The copies of a person are not strangers. Without this, each would be accepted as the other.
  const withoutTwins = (size: number) => {
    const rates = copies.map((probes, i) => {
      const others = copies.filter((other, j) => j !== i && other !== probes);
      const one: LabelledEmbeddings = [probes, ...others];
      const strangers = strangerCosines(one);
      const matches = findStrangerMatches(strangers, threshold)!
        .map((people, photo) => strangers.owners[photo] === 0 ? people : []);
      return one.length *
        falsePositiveIdentification(
          strangers,
          matches,
          size,
          new Float64Array(one.length).fill(1),
        )!;
    });
    return rates.reduce((sum, rate) => sum + rate, 0) / copies.length;
  };
  for (const size of [1, 2]) {
    assertAlmostEquals(fpir(people, size, threshold, weights)!, withoutTwins(size), 1e-12);
  }
});

Deno.test("more templates accept more strangers", () => {
  const rates = [1, 2, 3, 4, 5].map((size) => fpir(PEOPLE, size, 0.3)!);
  assert(rates.every((rate, i) => i === 0 || rate > rates[i - 1]!), rates.join());
});

Deno.test("a gallery of more people than there are has no FPIR", () => {
  assertEquals(fpir(PEOPLE, 6, 0.3), undefined);
  assertEquals(fpir(PEOPLE, 6, 1.1), undefined);
  assertEquals(fpir(PEOPLE, 5, 1.1), 0);
  // The person who counts three times has only two others.
  assertEquals(fpir(PEOPLE.slice(4), 3, -1, [1, 3, 1]), undefined);
});

Deno.test("pairs that were not kept give no FPIR", () => {
  const strangers = strangerCosines(PEOPLE, { kept: 3 });
  const { cosines } = strangers.top;
  assertEquals(findStrangerMatches(strangers, cosines[2]!), undefined);
  assert(findStrangerMatches(strangers, cosines[1]!) !== undefined);
});
