import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ModelError } from "../inference/session.ts";
import { createEmbedder } from "./embed.ts";
import { fakeSession } from "./fake_session.ts";

const FACE = Float32Array.from({ length: 112 * 112 * 3 }, (_, i) => [255, 127.5, 0][i % 3]!);

Deno.test("an embedding is normalised, and the length of the network's output is kept", async () => {
  const embedder = createEmbedder(fakeSession([1, 3, 112, 112], [[1, 2]], [Float32Array.of(3, 4)]));
  assertEquals(embedder.dimension, 2);
  const { embedding, length } = await embedder.embed(FACE);
  assertAlmostEquals(length, 5, 1e-6);
  assertAlmostEquals(embedding[0]!, 0.6, 1e-6);
  assertAlmostEquals(embedding[1]!, 0.8, 1e-6);
});

Deno.test("the input of a channels-first network is planes of (p - 127.5) / 128", async () => {
  for (const batch of [1, -1]) {
    const session = fakeSession([batch, 3, 112, 112], [[batch, 1]], [Float32Array.of(1)]);
    await createEmbedder(session).embed(FACE);
    const { data, shape } = session.runs[0]!;
    assertEquals([...shape], [1, 3, 112, 112]);
    const plane = 112 * 112;
    assertEquals([data[0], data[plane], data[2 * plane]], [127.5 / 128, 0, -127.5 / 128]);
    assertEquals(data[plane - 1], 127.5 / 128);
  }
});

Deno.test("the input of a channels-last network is (p - 127.5) / 128, pixel by pixel", async () => {
  for (const batch of [1, -1]) {
    const session = fakeSession([batch, 112, 112, 3], [[batch, 1]], [Float32Array.of(1)]);
    await createEmbedder(session).embed(FACE);
    const { data, shape } = session.runs[0]!;
    assertEquals([...shape], [1, 112, 112, 3]);
    assertEquals([...data.subarray(0, 4)], [127.5 / 128, 0, -127.5 / 128, 127.5 / 128]);
  }
});

Deno.test("the memory of the input is freed after the run, and that of the face is not", async () => {
  const session = fakeSession([1, 3, 112, 112], [[1, 1]], [Float32Array.of(1)]);
  let input: Float32Array | undefined;
  await createEmbedder({
    ...session,
    run(data, shape) {
      input = data;
      return session.run(data, shape);
    },
  }).embed(FACE);
  assertEquals([input?.length, FACE.length], [0, 112 * 112 * 3]);
});

Deno.test("a network of a wrong shape is refused", () => {
  for (
    const [input, outputs, complaint] of [
      [[1, 3, 224, 224], [[1, 512]], "[1,3,224,224] instead of"],
      [[2, 3, 112, 112], [[2, 512]], "[2,3,112,112] instead of"],
      [[1, 1, 112, 112], [[1, 512]], "instead of"],
      [[1, 3, 112, 112], [[1, 512], [1, 2]], "exactly one output"],
      [[1, 3, 112, 112], [[512]], "exactly one output"],
      [[1, 3, 112, 112], [], "exactly one output"],
      [[1, 3, 112, 112], [[1, -1]], "does not declare the length"],
    ] as const
  ) {
    assertThrows(() => createEmbedder(fakeSession(input, outputs)), ModelError, complaint);
  }
});

Deno.test("a network's output that is not finite is an error", async () => {
  const session = fakeSession([1, 3, 112, 112], [[1, 2]], [Float32Array.of(0, NaN)]);
  const failure = await createEmbedder(session).embed(FACE).catch((error) => error);
  assertEquals(failure instanceof RangeError, true);
});
