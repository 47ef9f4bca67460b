import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RoundedVectors } from "../../matching/rounded.ts";
import { VectorRows } from "./vector_rows.ts";

const contents = (rows: VectorRows) =>
  Array.from(rows.segments(), ({ vectors }) => [...vectors]).flat();
const roomOf = (rows: VectorRows) =>
  Array.from(rows.segments(), ({ vectors }) => vectors.buffer.byteLength / 4);

Deno.test("vectors are kept in order, and the last one takes the place of a removed one", () => {
  const steps = fc.array(
    fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, fc.nat(50)),
    { maxLength: 80, size: "max" },
  );
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 12 }), (steps, rowsPerSegment) => {
    const rows = new VectorRows(2, rowsPerSegment);
    const expected: number[] = [];
    steps.forEach((removed, i) => {
      if (removed === undefined) {
        rows.push(Float32Array.of(i / 100, -i / 100));
        expected.push(i / 100);
      } else if (expected.length > 0) {
        const row = removed % expected.length;
        rows.remove(row);
        const last = expected.pop()!;
        if (row < expected.length) expected[row] = last;
      }
      assertEquals(rows.length, expected.length);
    });
    const vectors = expected.map((value) => [...Float32Array.of(value, -value)]);
    assertEquals(contents(rows), vectors.flat());
    vectors.forEach((vector, row) => assertEquals([...rows.at(row)], vector));
    let next = 0;
    for (const { first, vectors, rounded } of rows.segments()) {
      assertEquals([first, vectors.byteOffset], [next, 0]);
      const expected = RoundedVectors.of(vectors, 2);
      assertEquals(rounded.numbers.subarray(0, vectors.length), expected.numbers);
      assert(rounded.longest >= expected.longest);
      next += vectors.length / 2;
    }
  }));
});

Deno.test("a segment has room for at most a quarter more than it has, or for eight", () => {
  const rows = new VectorRows(1, 100);
  for (let i = 1; i <= 1000; i++) {
    rows.push(Float32Array.of(i));
    const used = (i - 1) % 100 + 1;
    const room = roomOf(rows).at(-1)!;
    assert(room <= Math.min(100, Math.max(8, used * 1.25 + 1)), `${room} for ${used}`);
  }
});

Deno.test("a new array is made rarely: not at each change", () => {
  const rows = new VectorRows(1, 1000);
  const buffers = new Set<ArrayBufferLike>();
  const change = (run: () => void) => {
    run();
    for (const { vectors } of rows.segments()) buffers.add(vectors.buffer);
  };
  for (let i = 0; i < 10_000; i++) change(() => rows.push(Float32Array.of(i)));
  assert(buffers.size < 300, `${buffers.size}`);
  const before = buffers.size;
  // At the border of two segments, too.
  for (let i = 0; i < 1000; i++) {
    change(() => rows.push(Float32Array.of(i)));
    change(() => rows.remove(0));
  }
  assert(buffers.size <= before + 1, `${buffers.size - before}`);
});

Deno.test("a removed vector does not stay in memory", () => {
  const rows = new VectorRows(1, 10);
  for (const value of [1, 2, 3]) rows.push(Float32Array.of(value));
  const [segment] = rows.segments();
  rows.remove(0);
  rows.remove(1);
  assertEquals([...new Float32Array(segment!.vectors.buffer)], [3, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals([...segment!.rounded.numbers], [69, 0, 0, 0, 0, 0, 0, 0]);
});
