import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  addInnerShape,
  addOutput,
  createOperation,
  setInput,
} from "../../tests/support/onnx/onnx_interface.ts";
import { add, floats, network } from "../../tests/support/onnx/packed_model.ts";
import { openSession } from "../../worker/inference/session.ts";
import { type OnnxGraph, readOnnx, writeOnnx } from "./onnx_graph.ts";
import { floatValues } from "./onnx_tensor.ts";
import { prepareModel } from "./prepare_model.ts";
import { removeChannels } from "./remove_channels.ts";

const SHAPE = [1, 2, 4, 5];

const KINDS = [
  "PRelu",
  "PRelu of 4 dimensions",
  "PRelu of 1 slope",
  "PRelu of places",
  "Relu",
] as const;
const LINEAR_KINDS = ["Depthwise", "Depthwise without bias", "BatchNormalization"] as const;
type Kind = (typeof KINDS | typeof LINEAR_KINDS)[number];

interface Channels {
  /** True for each channel whose weights count as zero. */
  readonly dead: readonly boolean[];
  readonly kinds: readonly Kind[];
  readonly hasBias: boolean;
  /** Number of a dead channel's weights. */
  readonly nearlyZero: number;
  readonly seed: number;
}

/** y = Conv(…(Conv(x))), where each channel between the convolutions goes through steps. */
function channelNetwork({ dead, kinds, hasBias, nearlyZero, seed }: Channels) {
  const count = dead.length;
  let state = seed;
  /** Returns numbers from −1 to 1 that are not near zero, those of dead channels excepted. */
  const numbers = (length: number, channels: number = count) =>
    Array.from({ length }, (_, i) => {
      state = (state * 48_271 + 11) % 2_147_483_647;
      if (channels === count && dead[Math.floor(i / (length / count))]) return nearlyZero;
      return (state % 2 ? 1 : -1) * (0.1 + 0.9 * state / 2_147_483_647);
    });
  return network(SHAPE, (graph) => {
    const weights = (name: string, ...dims: number[]) => {
      const size = dims.reduce((product, n) => product * n, 1);
      graph.initializer.push(floats(name, dims, numbers(size, dims[0])));
      return name;
    };
    const pads = [1, 1, 1, 1];
    const bias = hasBias ? [weights("b", count)] : [];
    add(graph, [
      createOperation("Conv", ["x", weights("w", count, 2, 3, 3), ...bias], "v0", { pads }),
    ]);
    addInnerShape(graph, "v0", [1, count, 4, 5]);
    kinds.forEach((kind, i) => {
      const [x, y] = [`v${i}`, `v${i + 1}`];
      const add = (opType: string, inputs: string[], settings = {}) =>
        graph.node.push(createOperation(opType, [x, ...inputs], y, settings));
      addInnerShape(graph, y, [1, count, 4, 5]);
      switch (kind) {
        case "Relu":
          return add("Relu", []);
        case "PRelu":
          return add("PRelu", [weights(`a${i}`, count, 1, 1)]);
        case "PRelu of 4 dimensions":
          graph.initializer.push(floats(`a${i}`, [1, count, 1, 1], numbers(count)));
          return add("PRelu", [`a${i}`]);
        case "PRelu of 1 slope":
          return add("PRelu", [weights(`a${i}`, 1)]);
        case "PRelu of places":
          graph.initializer.push(floats(`a${i}`, [4, 5], numbers(20, 1)));
          return add("PRelu", [`a${i}`]);
        case "BatchNormalization":
          graph.initializer.push(floats(`var${i}`, [count], Array(count).fill(0.5)));
          return add("BatchNormalization", [
            ...["scale", "bias", "mean"].map((name) => weights(`${name}${i}`, count)),
            `var${i}`,
          ]);
        default: {
          const bias = kind === "Depthwise" ? [weights(`b${i}`, count)] : [];
          return add("Conv", [weights(`w${i}`, count, 1, 3, 3), ...bias], { group: count, pads });
        }
      }
    });
    const last = `v${kinds.length}`;
    add(graph, [createOperation("Conv", [last, weights("end", 2, count, 1, 1)], "y")]);
  });
}

const CHANNELS: fc.Arbitrary<Channels> = fc.record({
  dead: fc.array(fc.boolean(), { minLength: 3, maxLength: 70, size: "max" }),
  kinds: fc.array(fc.constantFrom(...KINDS, ...LINEAR_KINDS), { maxLength: 4 }),
  hasBias: fc.boolean(),
  nearlyZero: fc.constantFrom(0, -1e-20, 1e-40),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
});

/** Returns the number of channels that can be removed while 16 fill a block. */
function removable(dead: readonly boolean[]): number {
  const live = dead.filter((isDead) => !isDead).length;
  return Math.max(0, dead.length - Math.max(16, Math.ceil(live / 16) * 16));
}

Deno.test("a network without its dead channels computes the same results as before", async () => {
  let removed = 0;
  await fc.assert(
    fc.asyncProperty(CHANNELS, async (channels) => {
      const original = channelNetwork(channels);
      const result = removeChannels(original);
      assertEquals(result.channels, removable(channels.dead));
      assertEquals(removeChannels(result.bytes), { bytes: result.bytes, channels: 0 });
      removed += result.channels;
      await assertSameResults(original, result.bytes);
    }),
    { numRuns: 100 },
  );
  assert(removed > 0);
});

async function assertSameResults(original: Uint8Array, changed: Uint8Array): Promise<void> {
  await using before = await openSession(original, "test");
  await using after = await openSession(changed, "test");
  const input = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * i));
  const [expected] = await before.run(input, SHAPE);
  const [actual] = await after.run(input, SHAPE);
  const largest = Math.max(1, ...expected!.map(Math.abs));
  expected!.forEach((value, i) => assert(Math.abs(actual![i]! - value) <= 1e-5 * largest));
}

/** 40 channels, of which the first 24 are dead, and the others fill a block. */
const FITTING: Channels = {
  dead: Array.from({ length: 40 }, (_, i) => i < 24),
  kinds: ["PRelu", "Depthwise", "BatchNormalization"],
  hasBias: true,
  nearlyZero: 0,
  seed: 1,
};

Deno.test("a network of which all channels are dead keeps one block of them", () => {
  const dead = FITTING.dead.map(() => true);
  assertEquals(removeChannels(channelNetwork({ ...FITTING, dead })).channels, 24);
});

Deno.test("a channel is dead when no bias, mean or weight lets a number through", async () => {
  const cases: Record<"live" | "dead", string[][]> = {
    live: [["bias2"], ["scale2", "mean2"], ["scale2", "b1"], ["scale2", "w1", "b"]],
    dead: [["b"], ["w"], ["w1"], ["scale2"], ["mean2"], ["b", "b1"], ["b", "scale2"]],
  };
  for (const state of ["live", "dead"] as const) {
    for (const names of cases[state]) {
      const original = change((graph) => names.forEach((name) => setNumber(graph, name, 3, 0.5)));
      const { bytes, channels } = removeChannels(original);
      const dead = FITTING.dead.with(3, state === "dead");
      assertEquals(channels, removable(dead), `${names}`);
      await assertSameResults(original, bytes);
    }
  }
});

Deno.test("channels of which a part cannot be shortened do not change", () => {
  assertEquals(removeChannels(change(() => {})).channels, 24);
  const changes: Record<string, (graph: OnnxGraph) => void> = {
    "a value with two users": (graph) => add(graph, [createOperation("Relu", ["v1"], "other")]),
    "a value that is added to another": (graph) =>
      graph.node.splice(2, 1, createOperation("Add", ["v1", "v1"], "v2")),
    "a value that is an output": (graph) => addOutput(graph, "v1", [1, 40, 4, 5]),
    "a weight with two users": (graph) => add(graph, [createOperation("Relu", ["w1"], "other")]),
    "a weight of two nodes": (graph) => void (graph.node[3]!.input[1] = "b1"),
    "a weight that is an input": (graph) => setInput(graph, "end", [2, 40, 1, 1]),
    "a weight that is computed": (graph) => {
      graph.node.unshift(createOperation("Relu", ["w"], "computed"));
      graph.node[1]!.input[1] = "computed";
    },
    "a bias that is missing in the file": (graph) => void (graph.node[0]!.input[2] = "none"),
    "a slope of another number of channels": (graph) => setDims(graph, "a0", [2, 20, 1, 1]),
    "two results for each channel": (graph) => {
      graph.node[2] = createOperation("Conv", ["v1", "w1"], "v2", { group: 20 });
      setDims(graph, "w1", [40, 2, 3, 3]);
    },
    "a normalization in training": (graph) =>
      void (graph.node[3] = createOperation(
        "BatchNormalization",
        graph.node[3]!.input,
        "v3",
        { training_mode: 1 },
      )),
    "a normalization with more results": (graph) => graph.node[3]!.output.push("mean"),
    "a last convolution in groups": (graph) =>
      void (graph.node[4] = createOperation("Conv", ["v3", "end"], "y", { group: 2 })),
    "an operation of somebody else": (graph) => void (graph.node[1]!.domain = "example.org"),
  };
  for (const [what, apply] of Object.entries(changes)) {
    const original = change(apply);
    assertEquals(removeChannels(original), { bytes: original, channels: 0 }, what);
  }
});

Deno.test("a circle of nodes in a damaged file does not keep the search busy", () => {
  const original = change((graph) => {
    graph.node[1] = createOperation("Relu", ["v1"], "v0");
    graph.node[0]!.output = ["v1"];
    graph.node[2] = createOperation("Relu", ["v0"], "v1");
  });
  assertEquals(removeChannels(original).channels, 0);
});

Deno.test("preparing a model removes channels before it rewrites PRelu", async () => {
  const original = channelNetwork(FITTING);
  const { bytes, ...changes } = prepareModel(original);
  assertEquals(changes, { removed: 0, channels: 24, zeroed: 0, rewritten: 1 });
  await assertSameResults(original, bytes);
  assertEquals(prepareModel(bytes).bytes, bytes);
});

Deno.test("channels that stay are prepared alike where ONNX Runtime flushes denormal numbers", async () => {
  const dead = FITTING.dead.with(39, true);
  const original = change((graph) => {
    // A dead channel that fills the block gets a denormal weight.
    const { rawData } = weight(graph, "w");
    new DataView(rawData.buffer, rawData.byteOffset).setUint32(0, 0x80000001, true);
  }, { ...FITTING, dead });
  await using session = await openSession(original, "test");
  await session.run(new Float32Array(40), SHAPE);
  const { bytes, zeroed } = prepareModel(original);
  assertEquals(zeroed, 1);
  const weights = floatValues(weight(readOnnx(bytes).graph!, "w"))!;
  assert(!weights.some((value) => Object.is(value, -0)));
});

function change(
  apply: (graph: OnnxGraph) => unknown,
  channels: Channels = FITTING,
): Uint8Array<ArrayBuffer> {
  const model = readOnnx(channelNetwork(channels));
  apply(model.graph!);
  return writeOnnx(model);
}

const weight = (graph: OnnxGraph, name: string) =>
  graph.initializer.find((tensor) => tensor.name === name)!;

function setDims(graph: OnnxGraph, name: string, dims: readonly number[]): void {
  weight(graph, name).dims = dims.map(BigInt);
}

/** Sets the first number of a channel. */
function setNumber(graph: OnnxGraph, name: string, channel: number, value: number): void {
  const tensor = weight(graph, name), values = floatValues(tensor)!;
  values[channel * values.length / Number(tensor.dims[0])] = value;
  tensor.rawData = new Uint8Array(values.buffer);
}
