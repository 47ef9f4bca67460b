import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { cosine, normalize } from "../../../matching/vector.ts";
import { seededRandom } from "../../../shared/seeded_random.ts";
import { drawPeople } from "../draw_people.ts";
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
  const rate = falsePositiveIdentification(strangers, matches, size);
  return rate?.(Float64Array.from(weights ?? alike));
}

Deno.test("the FPIR is that of a search in every possible gallery", () => {
  for (const size of [1, 2, 3, 5]) {
    for (const threshold of [-0.2, 0.1, 0.4, 0.8]) {
      const expected = searchAllGalleries(PEOPLE, size, threshold);
      assertAlmostEquals(fpir(PEOPLE, size, threshold)!, expected, 1e-12);
    }
  }
});

Deno.test("a person who counts three times counts three times, as a stranger and in galleries", () => {
  // Photos of the first two people match each other, and no others.
  const people = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    .map((face) => [Float32Array.from(face)]);
  const rate = (weights?: number[]) => fpir(people, 2, 0.5, weights)!;
  // Each of the two is found in two of three galleries.
  assertAlmostEquals(rate(), 2 * 2 / 3 / 4, 1e-12);
  // The first person searches three times among 4 others, and is 3 of the 5 others of the second.
  assertAlmostEquals(rate([3, 1, 2, 1]), (3 * 2 / 4 + 1 * 2 * 3 / 6) / 7, 1e-12);
  assertEquals(rate([0, 1, 2, 1]), 0);
  assertEquals(rate([4, 0, 0, 0]), 0);
});

Deno.test("the mean of draws of the people is the FPIR, also in a gallery of nearly everybody", () => {
  const people = randomPeople(60, 2, 40, 0.7);
  const strangers = strangerCosines(people);
  for (const threshold of [0.3, 0.4, 0.5]) {
    const matches = findStrangerMatches(strangers, threshold)!;
    for (const size of [1, 20, 59]) {
      const rate = falsePositiveIdentification(strangers, matches, size)!;
      const draws = Array.from(drawPeople(60, 2000, 1), rate);
      const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
      assertAlmostEquals(mean / rate(new Float64Array(60).fill(1)), 1, 0.04);
    }
  }
});

Deno.test("draws of the people vary as much as samples of other people do", () => {
  // Some people resemble many others, so the figure depends on who is in the sample.
  const random = seededRandom(5);
  const everybody = randomPeople(4000, 1, 24, 0.7).map(([face]) => {
    const common = random() * 1.5;
    return [normalize(face!.map((value, i) => i === 0 ? value + common : value))];
  });
  const samples = Array.from({ length: 50 }, (_, i) => everybody.slice(i * 80, i * 80 + 80));
  for (const size of [10, 75]) {
    const rates = samples.map((people) => {
      const strangers = strangerCosines(people);
      return falsePositiveIdentification(strangers, findStrangerMatches(strangers, 0.65)!, size)!;
    });
    const between = deviation(rates.map((rate) => rate(new Float64Array(80).fill(1))));
    const within = rates.map((rate) => deviation(Array.from(drawPeople(80, 200, 1), rate)));
    const ratio = within.reduce((sum, value) => sum + value) / within.length / between;
    assert(ratio > 0.8 && ratio < 1.4, `${size} templates: ${ratio}`);
  }
});

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

Deno.test("more templates accept more strangers", () => {
  const rates = [1, 2, 3, 4, 5].map((size) => fpir(PEOPLE, size, 0.3)!);
  assert(rates.every((rate, i) => i === 0 || rate > rates[i - 1]!), rates.join());
});

Deno.test("a gallery of more people than there are has no FPIR", () => {
  assertEquals(fpir(PEOPLE, 6, 0.3), undefined);
  assertEquals(fpir(PEOPLE, 6, 1.1), undefined);
  assertEquals(fpir(PEOPLE, 5, 1.1), 0);
});

Deno.test("pairs that were not kept give no FPIR", () => {
  const strangers = strangerCosines(PEOPLE, { kept: 3 });
  const { cosines } = strangers.top;
  assertEquals(findStrangerMatches(strangers, cosines[2]!), undefined);
  assert(findStrangerMatches(strangers, cosines[1]!) !== undefined);
});
