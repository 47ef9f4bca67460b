import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { cosine } from "./vector.ts";

Deno.test("the cosine of two embeddings", () => {
  assertEquals(cosine(Float32Array.of(1, 0), Float32Array.of(0, 1)), 0);
  assertEquals(cosine(Float32Array.of(1, 0), Float32Array.of(-1, 0)), -1);
  assertAlmostEquals(cosine(Float32Array.of(0.6, 0.8), Float32Array.of(0.8, 0.6)), 0.96, 1e-7);
});

Deno.test("embeddings of two lengths cannot be compared", () => {
  assertThrows(() => cosine(new Float32Array(2), new Float32Array(3)), RangeError, "2 and 3");
});
