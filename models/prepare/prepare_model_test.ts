import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { openSession } from "../../worker/inference/session.ts";
import { readOnnx } from "./onnx_graph.ts";
import { floatValues } from "./onnx_tensor.ts";
import { NotOnnxError, prepareModel } from "./prepare_model.ts";

// Made with the onnx package. x: float32 [1, 3, 2]; y = PRelu(PRelu(x; a); a) * w, where w
// contains 1e-20 and -1e-40; operator set 9.
const PRELU =
  "CAg6pwEKEAoBeAoBYRIBcCIFUFJlbHUKEAoBcAoBYRIBcSIFUFJlbHUKDgoBcQoBdxIBeSIDTXVsEgFnKhcIAwgBEA" +
  "FCAWFKDAAAgD4AAAC/AADAPyojCAMIAhABQgF3ShgAAIA/COU8HgAAAMDCFgGAAAAAAAAAQEBaFwoBeBISChAIARIM" +
  "CgIIAQoCCAMKAggCYhcKAXkSEgoQCAESDAoCCAEKAggDCgIIAkIECgAQCQ==";
/** The same network in operator set 6, where Mul does not broadcast as PRelu does. */
const OLD_PRELU =
  "CAg6pwEKEAoBeAoBYRIBcCIFUFJlbHUKEAoBcAoBYRIBcSIFUFJlbHUKDgoBcQoBdxIBeSIDTXVsEgFnKhcIAwgBEA" +
  "FCAWFKDAAAgD4AAAC/AADAPyojCAMIAhABQgF3ShgAAIA/COU8HgAAAMDCFgGAAAAAAAAAQEBaFwoBeBISChAIARIM" +
  "CgIIAQoCCAMKAggCYhcKAXkSEgoQCAESDAoCCAEKAggDCgIIAkIECgAQBg==";
/** The same network with the slope -a. The network computes -a, so -a is not a weight. */
const COMPUTED_SLOPE =
  "CAg6tAEKCwoBYRIBcyIDTmVnChAKAXgKAXMSAXAiBVBSZWx1ChAKAXAKAXMSAXEiBVBSZWx1Cg4KAXEKAXcSAXkiA0" +
  "11bBIBZyoXCAMIARABQgFhSgwAAIA+AAAAvwAAwD8qIwgDCAIQAUIBd0oYAACAPwjlPB4AAADAwhYBgAAAAAAAAEBA" +
  "WhcKAXgSEgoQCAESDAoCCAEKAggDCgIIAmIXCgF5EhIKEAgBEgwKAggBCgIIAwoCCAJCBAoAEAk=";

const operations = (bytes: Uint8Array): string[] =>
  readOnnx(bytes).graph!.node.map(({ opType }) => opType);

Deno.test("a PRelu becomes Mul, Relu, Mul and Add, and negligible weights become zero", () => {
  const { bytes, zeroed, rewritten } = prepareModel(Uint8Array.fromBase64(PRELU));
  assertEquals({ zeroed, rewritten }, { zeroed: 2, rewritten: 2 });
  const parts = ["Mul", "Relu", "Mul", "Add"];
  assertEquals(operations(bytes), [...parts, ...parts, "Mul"]);
  const weights = readOnnx(bytes).graph!.initializer;
  assertEquals(weights.map(({ name }) => name), ["a", "w", "a/rest"]);
  assertEquals([...floatValues(weights[1]!)!], [1, 0, -2, 0, 0, 3]);
});

Deno.test("a prepared network computes the same results as before", async () => {
  const original = Uint8Array.fromBase64(PRELU);
  await using before = await openSession(original, "test");
  await using after = await openSession(prepareModel(original).bytes, "test");
  const numbers = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), {
    minLength: 6,
    maxLength: 6,
  });
  await fc.assert(fc.asyncProperty(numbers, async (input) => {
    const x = Float32Array.from(input);
    const [expected] = await before.run(x, [1, 3, 2]);
    const [actual] = await after.run(x, [1, 3, 2]);
    expected!.forEach((value, i) => {
      assert(Math.abs(actual![i]! - value) <= 1e-5 * Math.max(1, Math.abs(value)), `${input}`);
    });
  }));
});

Deno.test("preparing a model gives the same result where ONNX Runtime flushes denormal numbers", async () => {
  const bytes = Uint8Array.fromBase64(PRELU);
  await using session = await openSession(bytes, "test");
  await session.run(new Float32Array(6), [1, 3, 2]);
  assertEquals(prepareModel(bytes).zeroed, 2);
});

Deno.test("a prepared model does not change when it is prepared again", () => {
  const { bytes } = prepareModel(Uint8Array.fromBase64(PRELU));
  assertEquals(prepareModel(bytes), { bytes, removed: 0, channels: 0, zeroed: 0, rewritten: 0 });
});

Deno.test("a PRelu that cannot be replaced does not change", () => {
  for (const model of [OLD_PRELU, COMPUTED_SLOPE]) {
    const { bytes, rewritten } = prepareModel(Uint8Array.fromBase64(model));
    assertEquals(rewritten, 0);
    assertEquals(operations(bytes).filter((name) => name === "PRelu").length, 2);
  }
});

Deno.test("bytes that are not an ONNX model are an error", () => {
  for (const text of ["", "<html>Not found</html>"]) {
    assertThrows(() => prepareModel(new TextEncoder().encode(text)), NotOnnxError, "not an ONNX");
  }
});
