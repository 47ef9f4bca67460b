import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createScan, loadUsearch, scanByLoop } from "./scan.ts";
import { dot, normalize } from "./vector.ts";

const usearch = loadUsearch();
assert(usearch, "usearch has no addon for this system, and the tests need one");
const SCANS = Object.entries({ loop: scanByLoop, usearch, both: createScan(3) });

const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

Deno.test("all vectors that are sought are found", () => {
  const number = fc.double({ min: -1, max: 1, noNaN: true });
  const cases = fc.integer({ min: 1, max: 9 }).chain((dimension) => {
    const vector = fc.array(number, { minLength: dimension, maxLength: dimension })
      .filter((numbers) => Math.hypot(...numbers) > 1e-3).map(normalize);
    return fc.tuple(vector, fc.array(vector, { minLength: 1, maxLength: 8 }));
  });
  fc.assert(fc.property(cases, fc.constantFrom(2, 3), ([probe, vectors], wanted) => {
    const all = Float32Array.from(vectors.flatMap((vector) => [...vector]));
    const scores = vectors.map((_, i) => dot(all, i * probe.length, probe));
    const expected = scores.toSorted((a, b) => b - a).slice(0, wanted);
    for (const [name, scan] of SCANS) {
      const found = new Set(scan(all, probe, wanted));
      const best = [...found].map((i) => scores[i]!).toSorted((a, b) => b - a);
      assertEquals(best.slice(0, wanted), expected, name);
    }
  }));
});

Deno.test("what follows an array in its buffer is not searched", () => {
  const buffer = Float32Array.of(0.6, 0.8, 0.8, 0.6, -1, 0, 1, 0, 1, 0);
  for (const [name, scan] of SCANS) {
    const found = scan(buffer.subarray(0, 6), Float32Array.of(1, 0), 3);
    assertEquals(sorted(found), [0, 1, 2], name);
  }
});

Deno.test("a probe may begin anywhere in its buffer", () => {
  // More vectors than usearch returns.
  const vectors = Float32Array.from({ length: 40 }, (_, i) => i < 2 ? 1 - i : i % 2);
  const buffer = Float32Array.of(0, 1, 1, 0);
  for (const [name, scan] of SCANS) {
    const probe = buffer.subarray(2);
    const scores = scan(vectors, probe).map((i) => dot(vectors, 2 * i, probe));
    assertEquals(Math.max(...scores), 1, name);
  }
});
