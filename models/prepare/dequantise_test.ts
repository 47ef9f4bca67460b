import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createOperation } from "../../tests/support/onnx/onnx_interface.ts";
import { add, bytes, floats, longs, network } from "../../tests/support/onnx/packed_model.ts";
import { openSession } from "../../worker/inference/session.ts";
import { dequantiseWeights } from "./dequantise.ts";
import { readDetailedOnnx, writeDetailedOnnx } from "./onnx_graph.ts";

interface Packed {
  readonly dims: readonly number[];
  readonly scaleDims: readonly number[];
  readonly settings: Readonly<Record<string, number>>;
  readonly values: readonly number[];
  readonly scales: readonly number[];
  readonly zeros: readonly number[] | undefined;
}

/** y = x + Reshape(DequantizeLinear(q, scale, zero)). */
function packedNetwork({ dims, scaleDims, settings, values, scales, zeros }: Packed) {
  const count = values.length;
  return network([count], (graph) => {
    const inputs = ["q", "scale", ...(zeros === undefined ? [] : ["zero"])];
    add(
      graph,
      [
        createOperation("DequantizeLinear", inputs, "w", settings),
        createOperation("Reshape", ["w", "shape"], "flat"),
        createOperation("Add", ["x", "flat"], "y"),
      ],
      bytes("q", dims, values),
      floats("scale", scaleDims, scales),
      longs("shape", [count]),
      ...(zeros === undefined ? [] : [bytes("zero", scaleDims, zeros)]),
    );
  });
}

const size = (dims: readonly number[]) => dims.reduce((product, n) => product * n, 1);
const list = <T>(length: number, item: fc.Arbitrary<T>) =>
  fc.array(item, { minLength: length, maxLength: length });
const BYTE = fc.integer({ min: -128, max: 127 });

/** Weights of every form: with one scale, a scale for each index of an axis, and in blocks. */
const PACKED: fc.Arbitrary<Packed> = fc.record({
  dims: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }),
  form: fc.constantFrom("one", "axis", "blocks"),
  axisShare: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  isNegative: fc.boolean(),
  block: fc.integer({ min: 1, max: 9 }),
}).chain(({ dims, form, axisShare, isNegative, block }) => {
  const axis = Math.floor(axisShare * dims.length);
  const given = isNegative ? axis - dims.length : axis;
  const scaleDims = form === "one"
    ? []
    : form === "axis"
    ? [dims[axis]!]
    : dims.with(axis, Math.ceil(dims[axis]! / block));
  // ONNX Runtime accepts no blocks when the only scale is a vector of one number.
  const isVectorOfOne = scaleDims.length === 1 && scaleDims[0] === 1;
  const settings: Record<string, number> = form === "one"
    ? {}
    : form === "axis" || isVectorOfOne
    ? { axis: given }
    : { axis: given, block_size: block };
  return fc.record({
    dims: fc.constant(dims),
    scaleDims: fc.constant(scaleDims),
    settings: fc.constant(settings),
    values: list(size(dims), BYTE),
    scales: list(size(scaleDims), fc.float({ min: Math.fround(1e-4), max: 2, noNaN: true })),
    zeros: fc.option(list(size(scaleDims), BYTE), { nil: undefined }),
  });
});

/** Reads a network, replaces its quantised weights, and writes it. */
function dequantise(original: Uint8Array) {
  const model = readDetailedOnnx(original);
  const replaced = dequantiseWeights(model.graph!).map(({ opType }) => opType);
  return { replaced, result: writeDetailedOnnx(model), graph: model.graph! };
}

Deno.test("dequantised weights equal those that ONNX Runtime computes, bit for bit", async () => {
  await fc.assert(
    fc.asyncProperty(PACKED, async (packed) => {
      const original = packedNetwork(packed);
      const { replaced, result } = dequantise(original);
      assertEquals(replaced, ["DequantizeLinear", "Reshape"]);
      const count = packed.values.length;
      await using before = await openSession(original, "test");
      await using after = await openSession(result, "test");
      const zeros = new Float32Array(count);
      assertEquals(await after.run(zeros, [count]), await before.run(zeros, [count]));
    }),
    { numRuns: 60 },
  );
});

const FITTING: Packed = {
  dims: [2, 4],
  scaleDims: [2, 2],
  settings: { axis: 1, block_size: 2 },
  values: [1, 2, 3, 4, 5, 6, 7, 8],
  scales: [1, 2, 3, 4],
  zeros: [0, 0, 0, 0],
};

Deno.test("a weight whose scales do not fit does not change", () => {
  assertEquals(dequantise(packedNetwork(FITTING)).replaced.length, 2);
  for (
    const change of [
      { scaleDims: [4] },
      { scaleDims: [2, 2], settings: { axis: 0, block_size: 2 } },
      { settings: { axis: 2, block_size: 2 } },
      { settings: { axis: 1, block_size: -2 } },
      { settings: { axis: 1 } },
      { zeros: [0, 0] },
    ] as Partial<Packed>[]
  ) {
    assertEquals(dequantise(packedNetwork({ ...FITTING, ...change })).replaced, []);
  }
});

Deno.test("a weight that the network computes does not change", () => {
  const original = network([2], (graph) =>
    add(
      graph,
      [
        createOperation("Relu", ["s"], "scale"),
        createOperation("DequantizeLinear", ["q", "scale"], "w"),
        createOperation("Add", ["x", "w"], "y"),
      ],
      floats("s", [], [1]),
      bytes("q", [2], [1, 2]),
    ));
  assertEquals(dequantise(original).replaced, []);
});

Deno.test("a Reshape with a size of 0 or -1 does not change", () => {
  for (const shape of [[-1], [0], [2, -1], [3]]) {
    const original = network([2], (graph) =>
      add(
        graph,
        [createOperation("Reshape", ["w", "shape"], "flat")],
        floats("w", [2], [1, 2]),
        longs("shape", shape),
      ));
    assertEquals(dequantise(original).replaced, []);
  }
});

Deno.test("many nodes that use one weight do not make more than the given number of elements", () => {
  const names = ["a", "b", "c", "d"];
  const original = network([4], (graph) =>
    add(
      graph,
      [
        ...names.map((name) => createOperation("DequantizeLinear", ["q", "scale"], name)),
        createOperation("Add", ["x", "a"], "y"),
      ],
      bytes("q", [4], [1, 2, 3, 4]),
      floats("scale", [], [1]),
    ));
  const { graph } = readDetailedOnnx(original);
  assertEquals(dequantiseWeights(graph!, 11).map(({ output }) => output), [["a"], ["b"]]);
  assertEquals(graph!.node.map(({ output }) => output), [["c"], ["d"], ["y"]]);
});
