import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { cosine, dot, normalize } from "./vector.ts";

Deno.test("a normalised vector has length 1 and the same direction", () => {
  const numbers = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(fc.property(fc.array(numbers, { minLength: 1, maxLength: 600 }), (vector) => {
    const norm = Math.hypot(...vector);
    fc.pre(norm > 1e-100);
    const unit = normalize(vector);
    assertAlmostEquals(Math.hypot(...unit), 1, 1e-6);
    unit.forEach((value, i) => assertAlmostEquals(value, vector[i]! / norm, 1e-6));
  }));
});

Deno.test("a vector can be normalised into a part of a larger array", () => {
  const templates = Float32Array.of(7, 7, 7, 7);
  normalize([0, 2], templates.subarray(1, 3));
  assertEquals([...templates], [7, 0, 1, 7]);
});

Deno.test("a vector whose length is zero or not finite cannot be normalised", () => {
  for (const vector of [[], [0, 0, 0], [NaN, 1], [Infinity, 1], [1e200, 1e200]]) {
    assertThrows(() => normalize(vector), RangeError, "cannot be normalised");
  }
});

Deno.test("the cosine is 1 for the same direction, 0 for a right angle and -1 for opposite directions", () => {
  assertEquals(cosine(Float32Array.of(1, 0), Float32Array.of(1, 0)), 1);
  assertEquals(cosine(Float32Array.of(1, 0), Float32Array.of(0, 1)), 0);
  assertEquals(cosine(Float32Array.of(1, 0), Float32Array.of(-1, 0)), -1);
  assertAlmostEquals(cosine(Float32Array.of(0.6, 0.8), Float32Array.of(0.8, 0.6)), 0.96, 1e-7);
});

Deno.test("embeddings of different lengths cannot be compared", () => {
  assertThrows(() => cosine(new Float32Array(2), new Float32Array(3)), RangeError, "2 and 3");
});

Deno.test("the inner product uses the template at the offset, for templates of any length", () => {
  const length = fc.integer({ min: 0, max: 37 });
  const value = fc.float({ min: -1, max: 1, noNaN: true });
  const cases = length.chain((dimension) =>
    fc.tuple(
      fc.float32Array({
        minLength: dimension * 3,
        maxLength: dimension * 3,
        min: -1,
        max: 1,
        noNaN: true,
      }),
      fc.array(value, { minLength: dimension, maxLength: dimension }),
      fc.nat(2),
    )
  );
  fc.assert(fc.property(cases, ([templates, numbers, index]) => {
    const probe = Float32Array.from(numbers), offset = index * probe.length;
    let expected = 0;
    for (let i = 0; i < probe.length; i++) expected += templates[offset + i]! * probe[i]!;
    assertAlmostEquals(dot(templates, offset, probe), expected, 1e-12);
  }));
});
