import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { openSession } from "../../worker/inference/session.ts";
import { readOnnx, writeOnnx } from "./onnx_graph.ts";
import { prepareModel } from "./prepare_model.ts";

/**
 * Made with the onnx package, operator set 9. x: float32 [1, 4, 2, 2]; p = PRelu(x; a), c = Conv(p) in 2
 * groups, q = PRelu(c; b), d = Conv(q), r = PRelu(d; a), y = Conv(r). Outputs: y and r. One slope of b is
 * 1.001.
 */
const CONVOLUTIONS =
  "CAgSADrCAwoQCgF4CgFhEgFwIgVQUmVsdQodCgFwCgF2EgFjIgRDb252KgwKBWdyb3VwGAKgAQIKEAoBYwoBYhIBcSIFUFJl" +
  "bHUKDwoBcQoBdxIBZCIEQ29udgoQCgFkCgFhEgFyIgVQUmVsdQoPCgFyCgF1EgF5IgRDb252EgFnKh0IBAgBCAEQAUIBYUoQ" +
  "AACAPgAAAL8AAMA/AAAAACodCAQIAQgBEAFCAWJKEAAAAD/FIIA/AACAvwAAgD4qLwgECAIIAQgBEAFCAXZKIFyPAkAK1yPA" +
  "PQrXPoXrEb9mZua+rkdhvq5HAcAfhWu+Kk8IBAgECAEIARABQgF3SkBSuF6/4XpUQB+Faz4zM7O+KVyPvh+FK78Uroe/FK7H" +
  "vo/C9T6PwnW+j8J1P83MTL4K16M8ZmbGP83MDD9cjwK/Ki8IAggECAEIARABQgF1SiDsUTi+cT0KP+xR+D9xPYq+j8J1vgAA" +
  "gD8K12O/4XqUvlobCgF4EhYKFAgBEhAKAggBCgIIBAoCCAIKAggCYhsKAXkSFgoUCAESEAoCCAEKAggCCgIIAgoCCAJiGwoB" +
  "chIWChQIARIQCgIIAQoCCAQKAggCCgIIAkIECgAQCQ==";

const SHAPE = [1, 4, 2, 2];

/** Returns the model, with another shape of the slope a. */
function withSlope(...dims: readonly bigint[]): Uint8Array<ArrayBuffer> {
  const model = readOnnx(Uint8Array.fromBase64(CONVOLUTIONS));
  model.graph!.initializer.find(({ name }) => name === "a")!.dims = [...dims];
  return writeOnnx(model);
}
const FOR_CHANNELS = [withSlope(4n, 1n, 1n), withSlope(1n, 4n, 1n, 1n)];
/** One number for each place of a channel. */
const FOR_PLACES = [withSlope(2n, 2n), withSlope(1n, 2n, 2n), withSlope(1n, 1n, 2n, 2n)];

const long = ["Mul", "Relu", "Mul", "Add", "Conv"];
const operations = (bytes: Uint8Array): string[] =>
  readOnnx(bytes).graph!.node.map(({ opType }) => opType);

Deno.test("a slope is moved into the next convolution, unless the result is an output or the slope is about 1", () => {
  for (const model of FOR_CHANNELS) {
    const { bytes, rewritten } = prepareModel(model);
    assertEquals(rewritten, 3);
    assertEquals(operations(bytes), ["Mul", "Relu", "Add", "Conv", ...long, ...long]);
  }
});

Deno.test("a slope that differs between places of a channel is not moved", () => {
  for (const model of FOR_PLACES) {
    assertEquals(operations(prepareModel(model).bytes), [...long, ...long, ...long]);
  }
});

Deno.test("a network with convolutions computes the same results as before", async () => {
  for (const model of [...FOR_CHANNELS, ...FOR_PLACES]) await assertSameResults(model);
});

async function assertSameResults(original: Uint8Array<ArrayBuffer>): Promise<void> {
  await using before = await openSession(original, "test");
  await using after = await openSession(prepareModel(original).bytes, "test");
  const numbers = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), {
    minLength: 16,
    maxLength: 16,
  });
  await fc.assert(fc.asyncProperty(numbers, async (input) => {
    const x = Float32Array.from(input);
    const expected = await before.run(x, SHAPE);
    const actual = await after.run(x, SHAPE);
    const largest = Math.max(1, ...input.map(Math.abs));
    expected.forEach((values, i) =>
      values.forEach((value, j) => {
        assert(Math.abs(actual[i]![j]! - value) <= 1e-5 * largest, `${input}`);
      })
    );
  }));
}
