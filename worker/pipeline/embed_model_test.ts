// Tests the shapes that real networks declare. embed_test.ts tests the arithmetic.

import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { channelMeans } from "../../tests/support/onnx/small_model.ts";
import { ModelError, openSession } from "../inference/session.ts";
import { createEmbedder } from "./embed.ts";

const GREENISH = Float32Array.from(
  { length: 112 * 112 * 3 },
  (_, i) => [127.5, 255, 127.5][i % 3]!,
);

const embedderOf = async (bytes: Uint8Array, stack: AsyncDisposableStack) =>
  createEmbedder(stack.use(await openSession(bytes, "recognition")));

Deno.test("a network need not declare its batch size or picture size, with channels first or last", async () => {
  await using stack = new AsyncDisposableStack();
  for (
    const [input, output] of [
      [[1, 3, 112, 112], [1, 3]],
      [["N", 3, 112, 112], ["N", 3]],
      [["batch", 3, 112, 112], [1, 3]],
      [["N", 3, "height", "width"], ["N", 3]],
      [[1, 112, 112, 3], [1, 3]],
      [["unk__1", 112, 112, 3], ["unk__2", 3]],
      [["N", "height", "width", 3], ["N", 3]],
    ]
  ) {
    const embedder = await embedderOf(channelMeans(input!, output!), stack);
    assertEquals(embedder.dimension, 3, String(input));
    const { embedding } = await embedder.embed(GREENISH);
    [0, 1, 0].forEach((value, i) => assertAlmostEquals(embedding[i]!, value, 1e-5, `${input}`));
  }
});

Deno.test("a network of a wrong shape is refused, and the one-line error has the shape", async () => {
  await using stack = new AsyncDisposableStack();
  for (
    const [input, output, complaint] of [
      [[1, 3, 224, 224], [1, 3], "input is [1,3,224,224] instead of"],
      [[1, 1, 112, 112], [1, 1], "input is [1,1,112,112] instead of"],
      [[1, 4, 112, 112], [1, 4], "input is [1,4,112,112] instead of"],
      [[16, 3, 112, 112], [16, 3], "input is [16,3,112,112] instead of"],
      [["N", "C", "H", "W"], ["N", "C"], "input is [-1,-1,-1,-1] instead of"],
      [[3, 112, 112], [3, 1], "input is [3,112,112] instead of"],
      [[1, 3, 112, 112, 1], [1, 3], "input is [1,3,112,112,1] instead of"],
    ] as const
  ) {
    const { message } = await assertRejects(
      () => embedderOf(channelMeans(input, output), stack),
      ModelError,
      complaint,
    );
    assertEquals(message.includes("\n"), false);
  }
});
