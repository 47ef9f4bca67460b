import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { loadUsearch } from "./usearch.ts";

const usearch = loadUsearch();
assert(usearch, "usearch has no addon for this system, and the tests need one");

// A new version, or another processor, could compute otherwise: then the search would not be exact.
Deno.test("products of whole numbers are exact, and the nearest one is first", () => {
  const number = fc.oneof(fc.constantFrom(-127, 127), fc.integer({ min: -127, max: 127 }));
  const cases = fc.integer({ min: 1, max: 600 }).chain((dimension) => {
    const vector = fc.array(number, { minLength: dimension, maxLength: dimension, size: "max" });
    return fc.tuple(
      fc.oneof(vector, fc.constant(Array<number>(dimension).fill(-127))),
      fc.array(fc.oneof(vector, fc.constant(Array<number>(dimension).fill(127))), {
        minLength: 1,
        maxLength: 20,
      }),
    );
  });
  fc.assert(fc.property(cases, ([probe, all]) => {
    const { length } = probe;
    const [keys, distances] = usearch.exactSearch(
      Int8Array.from(all.flat()),
      Int8Array.from(probe),
      length,
      all.length,
      "ip",
      1,
    );
    const exact = all.map((vector) => 1 - vector.reduce((sum, x, i) => sum + x * probe[i]!, 0));
    assertEquals(Array.from(keys, (key) => exact[Number(key)]!), [...distances]);
    assertEquals([...distances], exact.toSorted((a, b) => a - b));
    assertEquals(new Set(keys).size, all.length);
  }));
});
