import { assertEquals } from "@std/assert";
import {
  createOperation,
  createTranspose,
  inputNames,
  setInput,
} from "../../tests/support/onnx/onnx_interface.ts";
import { add, bytes, floats, longs, network } from "../../tests/support/onnx/packed_model.ts";
import { openSession } from "../../worker/inference/session.ts";
import { type OnnxGraph, readOnnx, writeOnnx } from "./onnx_graph.ts";
import { prepareModel } from "./prepare_model.ts";
import { unpackModel } from "./unpack_model.ts";

const operations = (model: Uint8Array): string[] =>
  readOnnx(model).graph!.node.map(({ opType }) => opType);
const weights = (model: Uint8Array): string[] =>
  readOnnx(model).graph!.initializer.map(({ name }) => name);

/** y = Dropout(Dropout((x − 127.5) / 128 + w)), where w is quantised in blocks of two. */
function packedGraph(graph: OnnxGraph): void {
  add(
    graph,
    [
      createOperation("DequantizeLinear", ["q", "scale", "zero"], "dequantised", {
        axis: 1,
        block_size: 2,
      }),
      createOperation("Reshape", ["dequantised", "shape"], "w"),
      createOperation("Sub", ["x", "middle"], "difference"),
      createOperation("Mul", ["difference", "step"], "scaled"),
      createOperation("Add", ["scaled", "w"], "sum"),
      createOperation("Dropout", ["sum", "ratio"], "first"),
      createOperation("Dropout", ["first", "ratio"], "second"),
      createOperation("Identity", ["second"], "y"),
    ],
    bytes("q", [1, 4], [10, -20, 30, -40]),
    floats("scale", [1, 2], [0.5, 0.25]),
    bytes("zero", [1, 2], [1, -2]),
    longs("shape", [4]),
    floats("middle", [1], [127.5]),
    floats("step", [1], [1 / 128]),
    floats("ratio", [], [0.5]),
  );
}

Deno.test("a packed network takes scaled pixels when it is unpacked, and computes the same", async () => {
  const original = network([4], packedGraph);
  const { bytes: unpacked, removed } = unpackModel(original);
  assertEquals(removed, 6);
  assertEquals(operations(unpacked), ["Add", "Identity"]);
  assertEquals(weights(unpacked), ["w"]);
  await using before = await openSession(original, "test");
  await using after = await openSession(unpacked, "test");
  const pixels = Float32Array.of(0, 127, 128, 255);
  assertEquals(
    await after.run(pixels.map((p) => (p - 127.5) / 128), [4]),
    await before.run(pixels, [4]),
  );
});

Deno.test("inputs of the graph that have a value or that nothing uses are removed", async () => {
  const original = readOnnx(network([4], packedGraph));
  setInput(original.graph!, "middle", [1]);
  setInput(original.graph!, "abandoned", [32, 3]);
  setInput(original.graph!, "w", [4]);
  original.graph!.node = original.graph!.node.filter(({ opType }) => opType !== "Identity");
  original.graph!.node.at(-1)!.output = ["y"];
  const { bytes: unpacked } = unpackModel(writeOnnx(original));
  assertEquals(inputNames(readOnnx(unpacked).graph!), ["x"]);
  await using session = await openSession(unpacked, "test");
  assertEquals(session.input.shape, [4]);
});

Deno.test("a Dropout that computes the network's output stays", () => {
  const original = network([4], (graph) => {
    packedGraph(graph);
    graph.node.pop();
    graph.node.at(-1)!.output = ["y"];
  });
  assertEquals(operations(unpackModel(original).bytes), ["Add", "Dropout"]);
});

Deno.test("a step at the start that is not (p - 127.5) / 128 stays", () => {
  const change = (edit: (graph: OnnxGraph) => void) =>
    operations(
      unpackModel(network([4], (graph) => {
        packedGraph(graph);
        edit(graph);
      })).bytes,
    );
  const weight = (name: string, value: number) => (graph: OnnxGraph) => {
    graph.initializer = graph.initializer.filter((tensor) => tensor.name !== name);
    graph.initializer.push(floats(name, [1], [value]));
  };
  const kept = ["Sub", "Mul", "Add", "Identity"];
  assertEquals(change(weight("middle", 128)), kept);
  assertEquals(change(weight("step", 1 / 127.5)), kept);
  for (const value of ["x", "difference"]) {
    const second = (graph: OnnxGraph) =>
      add(graph, [createOperation("Relu", [value], "another use")]);
    assertEquals(change(second), [...kept, "Relu"]);
  }
  const reversed = (graph: OnnxGraph) => {
    graph.node.find(({ opType }) => opType === "Sub")!.input.reverse();
  };
  assertEquals(change(reversed), kept);
});

Deno.test("a Dropout whose mask is used, or that can train, stays", () => {
  const change = (edit: (graph: OnnxGraph) => void) =>
    operations(
      unpackModel(network([4], (graph) => {
        packedGraph(graph);
        edit(graph);
      })).bytes,
    ).filter((name) => name === "Dropout").length;
  assertEquals(change(() => {}), 0);
  assertEquals(
    change((graph) => {
      graph.node[5]!.output.push("mask");
      add(graph, [createOperation("Not", ["mask"], "use of the mask")]);
    }),
    1,
  );
  assertEquals(change((graph) => graph.node[6]!.input.push("training")), 1);
});

Deno.test("a network without packed parts does not change", () => {
  const plain = network([1, 2], (graph) => {
    setInput(graph, "unused", [3]);
    add(graph, [createOperation("Relu", ["x"], "y")]);
  });
  assertEquals(unpackModel(plain), { bytes: plain, removed: 0 });
});

Deno.test("a network with branches, or of the time before weights without inputs, does not change", () => {
  const branching = network([4], (graph) => {
    packedGraph(graph);
    add(graph, [createTranspose("sum", "branch", [0])]);
    // The kind of a value that is a graph.
    const { data } = graph.node.at(-1)!.$unknown![0]!;
    data[data.length - 1] = 5;
  });
  const old = network([4], packedGraph, 3);
  for (const model of [branching, old]) {
    assertEquals(unpackModel(model), { bytes: model, removed: 0 });
  }
});

Deno.test("an unpacked network does not change when it is prepared again", () => {
  const once = prepareModel(network([4], packedGraph));
  assertEquals(once.removed, 6);
  assertEquals(prepareModel(once.bytes), {
    bytes: once.bytes,
    removed: 0,
    channels: 0,
    zeroed: 0,
    rewritten: 0,
  });
});
