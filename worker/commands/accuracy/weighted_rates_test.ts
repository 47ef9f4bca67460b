import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { cosine } from "../../../matching/vector.ts";
import { strangerCosines } from "../strangers/stranger_cosines.ts";
import { comparePairs } from "./evaluate.ts";
import {
  balancedRejection,
  cosinesReachedBy,
  countBelow,
  falseMatchShare,
  weightedPairs,
} from "./weighted_rates.ts";

const PEOPLE = randomPeople(12, 3, 16, 0.8);
const SCORES = comparePairs(PEOPLE);
const ALIKE = new Float64Array(PEOPLE.length).fill(1);

const weights = fc.array(fc.nat(3), { minLength: PEOPLE.length, maxLength: PEOPLE.length })
  .map((numbers) => Float64Array.from(numbers));
const threshold = fc.double({ min: -1, max: 1, noNaN: true });

Deno.test("when each person counts once, the rates are those of the pairs", () => {
  const { strangers } = SCORES;
  assertEquals(weightedPairs(strangers, ALIKE), strangers.pairs);
  fc.assert(fc.property(threshold, (bound) => {
    const count = strangers.top.cosines.filter((score) => score >= bound).length;
    assertEquals(falseMatchShare(strangers, ALIKE, bound), count / strangers.pairs);
  }));
  const shares = [0.5, 0.1, 0.01, 1e-3, 1e-9];
  const expected = shares.map((share) => strangers.reachedBy(share));
  assertEquals(cosinesReachedBy(strangers, ALIKE, shares), expected);
  assertEquals(expected.at(-1), undefined);
});

Deno.test("a person who counts twice is two people who are not compared with each other", () => {
  fc.assert(
    fc.property(weights, threshold, (weights, bound) => {
      let pairs = 0, reached = 0;
      PEOPLE.forEach((photos, a) => {
        PEOPLE.slice(0, a).forEach((others, b) => {
          for (
            const cosines of photos.map((photo) => others.map((other) => cosine(photo, other)))
          ) {
            const weight = weights[a]! * weights[b]!;
            pairs += weight * cosines.length;
            reached += weight * cosines.filter((value) => value >= bound).length;
          }
        });
      });
      assertEquals(weightedPairs(SCORES.strangers, weights), pairs);
      const share = falseMatchShare(SCORES.strangers, weights, bound);
      assertEquals(share, pairs === 0 ? undefined : reached / pairs);
    }),
    { numRuns: 50 },
  );
});

Deno.test("the balanced FRR is the plain FRR when everybody has the same number of pairs", () => {
  fc.assert(fc.property(threshold, (cosine) => {
    const plain = countBelow(SCORES.genuine, cosine) / SCORES.genuine.length;
    assertAlmostEquals(balancedRejection(SCORES.genuineOf, ALIKE, cosine)!, plain, 1e-12);
  }));
});

Deno.test("the balanced FRR does not depend on how many photos a person has", () => {
  // The one pair of the first person is below 0.5, and all three of the second person above.
  const genuineOf = [Float64Array.of(0.2), Float64Array.of(0.6, 0.7, 0.8), new Float64Array(0)];
  assertEquals(balancedRejection(genuineOf, Float64Array.of(1, 1, 1), 0.5), 1 / 2);
  assertEquals(balancedRejection(genuineOf, Float64Array.of(1, 3, 1), 0.5), 1 / 4);
  assertEquals(balancedRejection(genuineOf, Float64Array.of(0, 0, 1), 0.5), undefined);
});

Deno.test("with a higher threshold, FRR does not fall and FMR does not rise", () => {
  fc.assert(fc.property(weights, threshold, threshold, (weights, a, b) => {
    const [low, high] = a < b ? [a, b] : [b, a];
    const frr = (cosine: number) => balancedRejection(SCORES.genuineOf, weights, cosine);
    const fmr = (cosine: number) => falseMatchShare(SCORES.strangers, weights, cosine);
    if (frr(low) !== undefined) assert(frr(low)! <= frr(high)!);
    if (fmr(low) !== undefined) assert(fmr(low)! >= fmr(high)!);
  }));
});

Deno.test("of several pairs with the same cosine, all reach it", () => {
  const [x, y] = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  const strangers = strangerCosines([[x], [x], [x], [y]]);
  const alike = new Float64Array(4).fill(1);
  assertEquals(cosinesReachedBy(strangers, alike, [1, 0.5, 0.49]), [0, 1, undefined]);
});

Deno.test("a cosine below all kept pairs has no measured share", () => {
  const strangers = strangerCosines(PEOPLE, { kept: 5 });
  const cosine = strangers.top.cosines[4]!;
  assertEquals(falseMatchShare(strangers, ALIKE, cosine), undefined);
  assertEquals(
    falseMatchShare(strangers, ALIKE, strangers.top.cosines[3]!),
    4 / strangers.pairs,
  );
});
