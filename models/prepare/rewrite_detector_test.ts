import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { addOutput, createOperation } from "../../tests/support/onnx/onnx_interface.ts";
import { add, floats, network } from "../../tests/support/onnx/packed_model.ts";
import { openSession } from "../../worker/inference/session.ts";
import {
  type OnnxGraph,
  readDetailedOnnx,
  readOnnx,
  writeDetailedOnnx,
  writeOnnx,
} from "./onnx_graph.ts";
import { prepareModel } from "./prepare_model.ts";
import { rewriteDetector } from "./rewrite_detector.ts";

const SHAPE = [1, 3, 4];
const FIRST = { axes: [2], starts: [0], ends: [2] };
const LAST = { axes: [2], starts: [2], ends: [2n ** 63n - 1n] };

/** Computes the scores of "pairs", and the boxes of "x". */
function detectorGraph(graph: OnnxGraph): void {
  addOutput(graph, "scores", [1, 3, 2]);
  addOutput(graph, "boxes", SHAPE);
  add(
    graph,
    [
      createOperation("Relu", ["x"], "y"),
      createOperation("MatMul", ["x", "mix"], "pairs"),
      createOperation("Softmax", ["pairs"], "scores", { axis: 2 }),
      createOperation("Slice", ["x"], "first", FIRST),
      createOperation("Mul", ["first", "0.1"], "shift"),
      createOperation("Mul", ["shift", "anchor sizes"], "shift in anchors"),
      createOperation("Add", ["shift in anchors", "anchors"], "centre"),
      createOperation("Slice", ["x"], "last", LAST),
      createOperation("Mul", ["last", "0.2"], "growth"),
      createOperation("Exp", ["growth"], "factor"),
      createOperation("Mul", ["factor", "anchor sizes"], "size"),
      createOperation("Concat", ["centre", "size"], "centred", { axis: 2 }),
      createOperation("Slice", ["centred"], "first 1", FIRST),
      createOperation("Slice", ["centred"], "last 1", LAST),
      createOperation("Div", ["last 1", "two"], "half 1"),
      createOperation("Sub", ["first 1", "half 1"], "low"),
      createOperation("Slice", ["centred"], "first 2", FIRST),
      createOperation("Slice", ["centred"], "last 2", LAST),
      createOperation("Div", ["last 2", "also two"], "half 2"),
      createOperation("Add", ["first 2", "half 2"], "high"),
      createOperation("Concat", ["low", "high"], "boxes", { axis: 2 }),
    ],
    floats("mix", [4, 2], [1, -2, 0.5, 1, -1, 0, 3, -0.5]),
    floats("0.1", [], [0.1]),
    floats("0.2", [], [0.2]),
    floats("anchor sizes", [1, 3, 2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    floats("anchors", [1, 3, 2], [0.25, 0.5, 0.75, 0.9, 0.1, 0.3]),
    floats("two", [], [2]),
    floats("also two", [], [2]),
  );
}

const DETECTOR = network(SHAPE, detectorGraph, 6, 9);

const operations = (bytes: Uint8Array): string[] =>
  readOnnx(bytes).graph!.node.map(({ opType }) => opType);

Deno.test("a detector's last steps become products that compute the same results", async () => {
  const { bytes, removed } = prepareModel(DETECTOR);
  assertEquals(removed, 19);
  assertEquals(operations(bytes), [
    ...["Relu", "MatMul", "MatMul", "Exp", "Add", "Reciprocal", "Mul", "Mul", "MatMul", "MatMul"],
    ...["MatMul", "MatMul", "Mul", "Add", "MatMul", "Exp", "Mul", "Add"],
  ]);
  assertEquals(prepareModel(bytes).bytes, bytes);
  await using before = await openSession(DETECTOR, "test");
  await using after = await openSession(bytes, "test");
  assertEquals(after.outputs, before.outputs);
  const numbers = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), {
    minLength: 12,
    maxLength: 12,
  });
  await fc.assert(fc.asyncProperty(numbers, async (input) => {
    const [, scores, boxes] = await before.run(Float32Array.from(input), SHAPE);
    const [, newScores, newBoxes] = await after.run(Float32Array.from(input), SHAPE);
    scores!.forEach((score, i) => {
      if (score > 0.65) assertEquals(newScores![i], score);
      assert(Math.abs(newScores![i]! - score) <= 1e-6, `${input}`);
    });
    const largest = Math.max(1, ...boxes!.map(Math.abs));
    boxes!.forEach((x, i) => assert(Math.abs(newBoxes![i]! - x) <= 1e-6 * largest, `${input}`));
  }));
});

Deno.test("a network without exactly these steps does not change", () => {
  const changes: Record<string, (graph: OnnxGraph) => void> = {
    "another axis": (graph) =>
      void (graph.node[2] = createOperation("Softmax", ["pairs"], "scores", { axis: 1 })),
    "another operation": (graph) => void (graph.node[19]!.opType = "Sub"),
    "an operation of another domain": (graph) => void (graph.node[2]!.domain = "example.org"),
    "other parts": (graph) =>
      void (graph.node[3] = createOperation("Slice", ["x"], "first", { ...FIRST, ends: [3] })),
    "parts of another value": (graph) => void (graph.node[7]!.input[0] = "y"),
    "another divisor": (graph) => void (graph.initializer[6] = floats("also two", [], [3])),
    "a value that something else uses": (graph) =>
      add(graph, [createOperation("Relu", ["half 1"], "other")]),
    "a value that is an output, too": (graph) => addOutput(graph, "centred", SHAPE),
    "a number for each coordinate": (graph) =>
      void (graph.initializer[1] = floats("0.1", [2], [0.1, 0.2])),
    "anchors of one size": (graph) =>
      void (graph.initializer[3] = floats("anchor sizes", [1, 3, 1], [1, 2, 3])),
    "anchors at one place": (graph) => void (graph.initializer[4] = floats("anchors", [], [0.5])),
    "another name": (graph) => void (graph.node[2]!.output[0] = "others"),
  };
  for (const [what, apply] of Object.entries(changes)) {
    const model = readOnnx(DETECTOR);
    apply(model.graph!);
    const bytes = writeOnnx(model);
    assertEquals(rewriteDetector(bytes), { bytes, removed: 0 }, what);
  }
});

Deno.test("a network whose scores have another shape does not change", () => {
  const width = (width: number | undefined) => {
    const model = readDetailedOnnx(DETECTOR), { graph } = model;
    const scores = graph!.output.findIndex(({ name }) => name === "scores");
    graph!.output.splice(scores, 1);
    const bytes = writeDetailedOnnx(model);
    if (width === undefined) return bytes;
    const other = readOnnx(bytes);
    addOutput(other.graph!, "scores", [1, 3, width]);
    return writeOnnx(other);
  };
  assertEquals(rewriteDetector(width(2)).removed, 19);
  for (const bytes of [width(3), width(undefined)]) {
    assertEquals(rewriteDetector(bytes), { bytes, removed: 0 });
  }
});

Deno.test("a detector of IR version 3 does not change", () => {
  const bytes = network(SHAPE, detectorGraph, 3, 9);
  assertEquals(rewriteDetector(bytes), { bytes, removed: 0 });
});
