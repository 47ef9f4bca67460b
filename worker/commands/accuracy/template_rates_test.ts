import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { fuse } from "../../../matching/fuse.ts";
import { cosine } from "../../../matching/vector.ts";
import type { LabelledEmbeddings } from "../strangers/stranger_cosines.ts";
import { chooseTemplates } from "./template_choices.ts";
import { templateRates } from "./template_rates.ts";

const PEOPLE = randomPeople(12, 5, 64, 0.7);
const threshold = fc.double({ min: -0.5, max: 1, noNaN: true });

Deno.test("all choices are returned, or as many different ones as are wanted", () => {
  assertEquals(chooseTemplates(4, 2, 6), [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
  assertEquals(chooseTemplates(10, 5, 252).length, 252);
  assertEquals(chooseTemplates(2, 3, 10), []);
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 500 }), fc.integer({ min: 2, max: 5 }), (n, size) => {
      const choices = chooseTemplates(n, size, 50);
      assertEquals(new Set(choices.map(String)).size, 50);
      for (const choice of choices) {
        assertEquals(new Set(choice).size, size);
        assert(choice.every((i) => i >= 0 && i < n));
      }
      assertEquals(chooseTemplates(n, size, 50), choices);
    }),
    { numRuns: 20 },
  );
});

Deno.test("the fused vector is that of a gallery, also when the templates disagree", () => {
  for (const likeness of [0.7, 0.2]) {
    const people = randomPeople(2, 3, 64, likeness);
    const rates = templateRates(people, 2)!;
    const scores = people.flatMap((photos) =>
      photos.map((probe, i) => cosine(fuse(photos.filter((_, j) => j !== i)), probe))
    ).sort((a, b) => a - b);
    for (const [below, score] of scores.entries()) {
      assertAlmostEquals(rates.frr("fused", score - 1e-6, false), below / scores.length, 1e-12);
    }
  }
});

Deno.test("templates that cancel each other out match nobody", () => {
  const [x, y] = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  const rates = templateRates([[x, x.map((value) => -value), y]], 2, 3)!;
  // Of the three choices, only that of x and −x leaves y as the probe: its similarity is 0.
  assertAlmostEquals(rates.frr("fused", 1e-9, false), 1, 1e-12);
  assertAlmostEquals(rates.frr("fused", -1e-9, false), 2 / 3, 1e-12);
});

Deno.test("one template is its own fused vector", () => {
  const rates = templateRates(PEOPLE, 1)!;
  fc.assert(fc.property(threshold, (cosine) => {
    assertEquals(rates.frr("fused", cosine, true), rates.frr("nearest", cosine, true));
    assertAlmostEquals(rates.fmr("fused", cosine), rates.fmr("nearest", cosine), 1e-3);
  }));
});

Deno.test("the rates do not depend on the order of a user's photos", () => {
  const rates = templateRates(PEOPLE, 3)!;
  const again = templateRates(PEOPLE.map((photos) => photos.toReversed()), 3)!;
  fc.assert(fc.property(threshold, (cosine) => {
    for (const use of ["nearest", "fused"] as const) {
      assertAlmostEquals(again.frr(use, cosine, false), rates.frr(use, cosine, false), 1e-9);
      assertAlmostEquals(again.fmr(use, cosine), rates.fmr(use, cosine), 1e-3);
    }
  }));
});

Deno.test("with a higher threshold, FRR does not fall and FMR does not rise", () => {
  const rates = templateRates(PEOPLE, 2)!;
  fc.assert(fc.property(threshold, threshold, (a, b) => {
    const [low, high] = a < b ? [a, b] : [b, a];
    for (const use of ["nearest", "fused"] as const) {
      assert(rates.frr(use, low, true) <= rates.frr(use, high, true));
      assert(rates.fmr(use, low) >= rates.fmr(use, high));
    }
  }));
});

Deno.test("at most the wanted share of the strangers reaches the threshold for it", () => {
  const rates = templateRates(PEOPLE, 2)!;
  // Twelve users have ten choices of two templates each, and there are 55 photos of strangers.
  assertEquals([rates.users, rates.strangers], [12, 12 * 10 * 55]);
  for (const fmr of [0.5, 0.1, 0.01, 0]) {
    for (const use of ["nearest", "fused"] as const) {
      const cosine = rates.thresholdAt(use, fmr);
      assert(rates.fmr(use, cosine) <= fmr);
      assert(rates.fmr(use, cosine - 2e-6) > fmr);
    }
  }
});

Deno.test("a refused photo is never a template, and a missed probe only where that is wanted", () => {
  const person: LabelledEmbeddings = [[...PEOPLE[0]!, undefined], PEOPLE[1]!.slice(0, 2)];
  const rates = templateRates(person, 2)!;
  assertEquals(rates.users, 1);
  assertAlmostEquals(rates.frr("fused", -1, true), 1 / 6, 1e-12);
  assertEquals(rates.frr("fused", -1, false), 0);
  assertEquals(templateRates(person, 5), undefined);
});
