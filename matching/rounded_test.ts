import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RoundedVectors } from "./rounded.ts";
import { dot } from "./vector.ts";

const number = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.double({ min: -0.05, max: 0.05, noNaN: true }),
);
const cases = fc.integer({ min: 1, max: 70 }).chain((dimension) => {
  const vector = fc.array(number, { minLength: dimension, maxLength: dimension })
    .map((numbers) => Float32Array.from(numbers));
  return fc.tuple(vector, fc.array(vector, { minLength: 1, maxLength: 5 }));
});

Deno.test("products of rounded vectors differ from the exact ones by at most the bound", () => {
  fc.assert(fc.property(cases, ([probe, all]) => {
    const { length } = probe;
    const rounded = new RoundedVectors(length);
    all.forEach((vector, row) => {
      rounded.makeRoom(row + 1);
      rounded.set(row, vector);
    });
    const { numbers, error } = rounded.round(probe);
    all.forEach((vector, row) => {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += numbers[i]! * rounded.numbers[row * length + i]!;
      const difference = Math.abs(sum / rounded.scale ** 2 - dot(vector, 0, probe));
      assert(difference <= error + 1e-12, `${difference} > ${error}`);
    });
  }));
});

Deno.test("the bound is reached", () => {
  // Both vectors are cut off, and the differences have the vectors' directions.
  const axis = new Float32Array(100);
  axis[7] = 1;
  const rounded = RoundedVectors.of(axis, 100);
  const { numbers, error } = rounded.round(axis);
  assertEquals([numbers[7], rounded.numbers[7]], [127, 127]);
  const product = (127 / rounded.scale) ** 2;
  assert(Math.abs(1 - product - error) < 1e-12, `${1 - product} and ${error}`);
});

Deno.test("the greatest length is kept when a vector is replaced", () => {
  const rounded = RoundedVectors.of(Float32Array.of(0.6, 0.8, 0.3, 0.4), 2);
  assert(Math.abs(rounded.longest - 1) < 1e-6);
  rounded.set(0, Float32Array.of(0, 0));
  assert(rounded.longest >= 0.5);
  assertEquals([...rounded.numbers.subarray(0, 2)], [0, 0]);
});
