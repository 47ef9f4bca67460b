import { assertEquals, assertRejects } from "@std/assert";
import { ModelError, openSession } from "./session.ts";

// Models of one or two nodes, made with the Python package onnx.
/** x: float32 [n, 3]; y = x + x; z = −x. */
const DOUBLE_AND_NEGATE =
  "CAgSADpiCg4KAXgKAXgSAXkiA0FkZAoLCgF4EgF6IgNOZWcSAWdaFAoBeBIPCg0IARIJCgMSAW4KAggDYhQKAXkSDwoN" +
  "CAESCQoDEgFuCgIIA2IUCgF6Eg8KDQgBEgkKAxIBbgoCCANCBAoAEA0=";
/** x, w: float32 [1, 3]; y = x + w. */
const TWO_INPUTS =
  "CAgSADpSCg4KAXgKAXcSAXkiA0FkZBIBZ1oTCgF4Eg4KDAgBEggKAggBCgIIA1oTCgF3Eg4KDAgBEggK" +
  "AggBCgIIA2ITCgF5Eg4KDAgBEggKAggBCgIIA0IECgAQDQ==";
/** x: int64 [1, 3]; y = −x. */
const INTEGERS =
  "CAgSADo6CgsKAXgSAXkiA05lZxIBZ1oTCgF4Eg4KDAgHEggKAggBCgIIA2ITCgF5Eg4KDAgHEggKAggBCgII" +
  "A0IECgAQDQ==";

const bytesOf = (base64: string): Uint8Array => Uint8Array.fromBase64(base64);

Deno.test("a session has the shapes of its model, with -1 for open dimensions", async () => {
  await using session = await openSession(bytesOf(DOUBLE_AND_NEGATE), "test");
  assertEquals(session.input, { name: "x", shape: [-1, 3] });
  assertEquals(session.outputs, [{ name: "y", shape: [-1, 3] }, { name: "z", shape: [-1, 3] }]);
});

Deno.test("a run returns every output, in the order of the model", async () => {
  await using session = await openSession(bytesOf(DOUBLE_AND_NEGATE), "test");
  const outputs = await session.run(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
  assertEquals(outputs.map((output) => [...output]), [
    [2, 4, 6, 8, 10, 12],
    [-1, -2, -3, -4, -5, -6],
  ]);
});

Deno.test("a file that is not an ONNX model is refused, and the error names the model", async () => {
  for (const bytes of [new Uint8Array(), new TextEncoder().encode("<html>Not found</html>")]) {
    await assertRejects(
      () => openSession(bytes, "recognition"),
      ModelError,
      "The recognition model cannot be loaded",
    );
  }
});

Deno.test("a truncated model is refused", async () => {
  const bytes = bytesOf(DOUBLE_AND_NEGATE);
  await assertRejects(() => openSession(bytes.subarray(0, 60), "test"), ModelError, "be loaded");
});

Deno.test("a model with several inputs is refused", async () => {
  await assertRejects(() => openSession(bytesOf(TWO_INPUTS), "test"), ModelError, "has 2 inputs");
});

Deno.test("a model that computes with integers is refused", async () => {
  await assertRejects(
    () => openSession(bytesOf(INTEGERS), "test"),
    ModelError,
    'The test model\'s "x" is not a float32 tensor',
  );
});
