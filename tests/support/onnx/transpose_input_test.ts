import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import { localModelPaths } from "../../../worker/commands/model_paths.ts";
import { loadModels } from "../../../worker/models.ts";
import { createPipeline } from "../../../worker/pipeline/pipeline.ts";
import { readOnnx } from "../../../models/prepare/onnx_graph.ts";
import { prepareModel } from "../../../models/prepare/prepare_model.ts";
import { sample } from "../pictures.ts";
import { transposeInput } from "./transpose_input.ts";

const original = await Deno.readFile(LOCAL_PATHS.recognition);
const transposed = transposeInput(original);

Deno.test("a model with a channels-last input gives the same embeddings", async () => {
  const { models } = await loadModels({ ...localModelPaths(Deno.env), calibration: undefined });
  const options = { maxPixels: 1_000_000 };
  await using channelsFirst = await createPipeline({ ...models, recognition: original }, options);
  await using channelsLast = await createPipeline({ ...models, recognition: transposed }, options);
  assertEquals(channelsLast.dimension, channelsFirst.dimension);
  await channelsLast.warmUp();
  for (const name of ["user1", "user1_similar", "user2", "user3", "different"]) {
    const picture = await sample(`${name}.png`);
    const { embedding: expected } = await channelsFirst.recognize(picture);
    const { embedding } = await channelsLast.recognize(picture);
    embedding.forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-6, name));
  }
});

Deno.test("a transposed model does not have to be prepared again", () => {
  assertEquals(prepareModel(transposed), {
    bytes: transposed,
    removed: 0,
    channels: 0,
    zeroed: 0,
    rewritten: 0,
  });
  const [first, ...others] = readOnnx(transposed).graph!.node;
  assertEquals(first!.opType, "Transpose");
  assertEquals(others, readOnnx(original).graph!.node);
  assert(transposed.length > original.length);
});

Deno.test("a model that does not have exactly one input is an error", () => {
  assertThrows(() => transposeInput(new Uint8Array()), TypeError, "exactly one input");
});
