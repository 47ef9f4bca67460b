import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../tests/support/random_people.ts";
import { RoundedVectors } from "./rounded.ts";
import { createScan, createUsearchScan, type Scan, scanByLoop } from "./scan.ts";
import { loadUsearch, type Usearch } from "./usearch.ts";
import { dot, normalize } from "./vector.ts";

const usearch = loadUsearch();
assert(usearch, "usearch has no addon for this system, and the tests need one");
const SCANS: readonly (readonly [string, Scan])[] = Object.entries({
  loop: scanByLoop,
  usearch: createUsearchScan(usearch),
  both: createScan(3),
});

const searched = (vectors: Float32Array, dimension: number) => {
  return { vectors, rounded: RoundedVectors.of(vectors, dimension) };
};
const joined = (vectors: readonly Float32Array[]) =>
  Float32Array.from(vectors.flatMap((vector) => [...vector]));

/** Makes a scan by usearch that counts its searches. */
function countingScan() {
  const counts = { rounded: 0, exact: 0 };
  const counting: Usearch = {
    exactSearch: (vectors, ...others) => {
      counts[vectors instanceof Int8Array ? "rounded" : "exact"]++;
      return usearch!.exactSearch(vectors, ...others);
    },
  };
  return { counts, scan: createUsearchScan(counting) };
}

/** Arbitrary vectors of a dimension, most of which resemble none, one or many others. */
const vectorsOf = (dimension: number) => {
  const number = fc.double({ min: -1, max: 1, noNaN: true });
  const vector = fc.array(number, { minLength: dimension, maxLength: dimension })
    .filter((numbers) => Math.hypot(...numbers) > 1e-3).map((numbers) => normalize(numbers));
  /** A vector with a few large numbers, which rounding cuts off. */
  const uneven = vector.map((numbers) => normalize(numbers.map((x) => x ** 9 + 1e-9)));
  const short = fc.tuple(vector, fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([numbers, length]) => numbers.map((x) => x * length));
  const steps = fc.constantFrom(0, 1e-8, 1e-6, 1e-4, 1e-2, 0.1);
  /** Vectors that are almost the same. */
  const cluster = fc.tuple(
    vector,
    fc.array(fc.tuple(vector, steps), { minLength: 1, maxLength: 100, size: "max" }),
  ).map(([centre, others]) =>
    others.map(([other, step]) => normalize(centre.map((x, i) => x + step * other[i]!)))
  );
  const some = (one: fc.Arbitrary<Float32Array>) => fc.array(one, { maxLength: 60, size: "max" });
  const all = fc.tuple(cluster, some(vector), fc.oneof(some(uneven), fc.constant([])), some(short))
    .map((kinds) => kinds.flat());
  return fc.tuple(fc.oneof(vector, uneven, fc.constant(undefined)), all, fc.nat())
    .map(([probe, all, i]) => ({ probe: probe ?? all[i % all.length]!, all }));
};

Deno.test("all vectors that are sought are found, the nearest one and the first one first", () => {
  const cases = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(64, 131))
    .chain(vectorsOf);
  fc.assert(
    fc.property(cases, fc.constantFrom(2, 3), ({ probe, all }, wanted) => {
      const vectors = joined(all);
      const products = all.map((_, i) => dot(vectors, i * probe.length, probe));
      const nearest = [...all.keys()].sort((a, b) => products[b]! - products[a]! || a - b);
      for (const [name, scan] of SCANS) {
        const found = scan(searched(vectors, probe.length), probe, wanted);
        assertEquals(found, nearest.slice(0, wanted), name);
      }
    }),
    // To shrink a failure takes minutes.
    { numRuns: 300, endOnFailure: true },
  );
});

Deno.test("among vectors of faces, only the rounded ones are searched", () => {
  const people = randomPeople(2000, 2, 512, 0.8);
  const vectors = joined(people.map(([photo]) => photo!));
  const { counts, scan } = countingScan();
  const all = searched(vectors, 512);
  for (let i = 0; i < 40; i++) {
    // A photo of somebody who is in the gallery, and the opposite of one, which is nobody's.
    for (const probe of [people[i]![1]!, people[i]![1]!.map((x) => -x)]) {
      assertEquals(scan(all, probe, 3), scanByLoop(all, probe, 3));
    }
  }
  assertEquals(counts, { rounded: 80, exact: 0 });
});

Deno.test("when many vectors are almost equally near, the vectors themselves are searched", () => {
  const [centre, ...others] = randomPeople(301, 1, 128, 1).map(([photo]) => photo!);
  const near = (step: number) =>
    searched(
      joined(others.map((other) => normalize(centre!.map((x, i) => x + step * other[i]!)))),
      128,
    );
  const { counts, scan } = countingScan();
  const check = (step: number) => {
    const all = near(step);
    assertEquals(scan(all, centre!, 3), scanByLoop(all, centre!, 3), `${step}`);
    return { ...counts };
  };
  assertEquals(check(0.2), { rounded: 1, exact: 1 });
  // These are too near for usearch's numbers, too.
  assertEquals(check(1e-4), { rounded: 2, exact: 2 });
  assertEquals(check(0), { rounded: 3, exact: 3 });
});

Deno.test("a vector that rounding cuts off is found", () => {
  const people = randomPeople(300, 1, 128, 1).map(([photo]) => photo!);
  const axis = new Float32Array(128);
  axis[5] = -1;
  const all = searched(joined([...people, axis]), 128);
  for (const [name, scan] of SCANS) {
    for (const probe of [axis, normalize(people[0]!.map((x, i) => x + axis[i]!))]) {
      assertEquals(scan(all, probe), scanByLoop(all, probe), name);
    }
  }
});

Deno.test("a probe that is no embedding finds the same in every way, or nothing", () => {
  const people = randomPeople(100, 1, 32, 1).map(([photo]) => photo!);
  const all = searched(joined(people), 32);
  for (const number of [0, 1, 1e-30, 1e30, 3e38, Infinity, NaN]) {
    for (
      const probe of [
        new Float32Array(32).fill(number),
        people[0]!.map((x) => x * number),
        people[0]!.map((x) => Math.sign(x) * number),
      ]
    ) {
      for (const [name, scan] of SCANS) {
        assertEquals(scan(all, probe), scanByLoop(all, probe), `${name}, ${number}`);
      }
    }
  }
});

Deno.test("what follows an array in its buffer is not searched", () => {
  const buffer = Float32Array.of(0.6, 0.8, 0.8, 0.6, -1, 0, 1, 0, 1, 0);
  const all = { vectors: buffer.subarray(0, 6), rounded: RoundedVectors.of(buffer, 2) };
  for (const [name, scan] of SCANS) {
    assertEquals(scan(all, Float32Array.of(1, 0), 3), [1, 0, 2], name);
  }
});

Deno.test("a probe may begin anywhere in its buffer", () => {
  // The last two are the nearest ones to what is at the start of the probe's buffer. So many others
  // are equally near to the probe that the vectors are searched in each way.
  const vectors = Array.from({ length: 100 }, (_, i) => i < 98 ? [1, 0] : [0.6, 0.8]);
  const all = searched(Float32Array.from(vectors.flat()), 2);
  const probe = Float32Array.of(0, 1, 1, 0).subarray(2);
  for (const [name, scan] of SCANS) assertEquals(scan(all, probe), [0, 1], name);
});
