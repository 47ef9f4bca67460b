import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { cosine, normalize } from "./vector.ts";
import { fuse } from "./fuse.ts";

const DIMENSION = 6;
const template = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: DIMENSION,
  maxLength: DIMENSION,
}).filter((numbers) => Math.hypot(...numbers) > 1e-3).map((numbers) => normalize(numbers));
const templates = (minLength: number) => fc.array(template, { minLength, maxLength: 12 });

/** Mean cosine between two of the templates. */
function agreement(templates: readonly Float32Array[]): number {
  const cosines = templates.flatMap((a, i) => templates.slice(0, i).map((b) => cosine(a, b)));
  return cosines.reduce((sum, value) => sum + value, 0) / cosines.length;
}

function fusedInDouble(templates: readonly Float32Array[]): number[] {
  const sum = Array.from(
    { length: DIMENSION },
    (_, i) => templates.reduce((total, template) => total + template[i]!, 0),
  );
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}

Deno.test("the order of the templates does not change a bit of the vector", () => {
  const orders = templates(2).chain((given) =>
    fc.tuple(
      fc.constant(given),
      fc.shuffledSubarray([...given.keys()], { minLength: given.length }),
    )
  );
  fc.assert(fc.property(orders, ([given, order]) => {
    assertEquals(fuse(order.map((i) => given[i]!)), fuse(given));
  }));
});

Deno.test("one template is its own vector", () => {
  fc.assert(fc.property(template, (only) => assertEquals(fuse([only]), only)));
});

Deno.test("a probe that is equal to every template has a similarity of 1", () => {
  fc.assert(fc.property(template, fc.integer({ min: 1, max: 200 }), (only, count) => {
    assertAlmostEquals(cosine(fuse(Array(count).fill(only)), only), 1, 1e-6);
  }));
});

Deno.test("templates that agree have a vector of length 1 in the direction of their mean", () => {
  const alike = fc.tuple(template, templates(2)).map(([centre, others]) =>
    others.map((other) => normalize(other.map((value, i) => value * 0.7 + centre[i]!)))
  );
  fc.assert(fc.property(alike.filter((given) => agreement(given) > 0.31), (given) => {
    const expected = fusedInDouble(given);
    fuse(given).forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-6));
  }));
});

Deno.test("templates that disagree have a shorter vector, never a longer one", () => {
  fc.assert(fc.property(templates(2), (given) => {
    const others = given.length - 1;
    // Squares, because the root of a number near 0 makes its rounding much larger.
    const square = (1 + others * agreement(given)) / (1 + others * 0.3);
    const length = Math.hypot(...fuse(given));
    assertAlmostEquals(length ** 2, Math.min(square, 1), 1e-5);
    assert(length <= 1 + 1e-6);
  }));
});

Deno.test("templates that cancel each other out match nobody", () => {
  const opposite = [Float32Array.of(1, 0), Float32Array.of(-1, 0)];
  assertEquals(fuse(opposite), Float32Array.of(0, 0));
});

Deno.test("a user without a template has no vector", () => {
  assertThrows(() => fuse([]), RangeError, "no template");
});
