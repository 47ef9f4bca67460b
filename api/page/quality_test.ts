import { assertEquals } from "@std/assert";
import { MODEL_MANIFEST, sumsOf } from "../../models/manifest.ts";
import { MAX_LOOK_DISTANCE } from "../../worker/pipeline/quality.ts";
import { areDifferent, KNOWN_MODELS, modelName } from "./known_models.js";
import { isJustClearEnough } from "./quality.js";

const { sface, small } = MODEL_MANIFEST.models.recognition;
const GOOD = { embedding_length: 20, shape_distance: 0.1, roll_degrees: 0, look_distance: 0.03 };

Deno.test("the page knows the recognition models of the manifest and their bounds", () => {
  const models = Object.values(MODEL_MANIFEST.models.recognition);
  const expected = models.flatMap((model) =>
    sumsOf(model).map((sum) => [sum, model.calibration.quality.min_embedding_length])
  );
  const known = Object.entries(KNOWN_MODELS).map(([sum, model]) => [sum, model.minEmbeddingLength]);
  assertEquals(new Map(known as [string, number][]), new Map(expected as [string, number][]));
});

Deno.test("a face near one of the bounds is just clear enough", () => {
  const model = sface.sha256;
  const { min_embedding_length, max_shape_distance } = sface.calibration.quality;
  for (
    const [measures, expected] of [
      [{}, false],
      [{ embedding_length: min_embedding_length * 1.05 }, true],
      [{ embedding_length: min_embedding_length * 1.2 }, false],
      [{ shape_distance: max_shape_distance * 0.9 }, true],
      [{ look_distance: MAX_LOOK_DISTANCE * 0.9 }, true],
    ] as const
  ) {
    const quality = { ...GOOD, ...measures };
    assertEquals(isJustClearEnough({ model, quality }), expected, JSON.stringify(measures));
  }
  // The bound of an unknown model is not known.
  const quality = { ...GOOD, embedding_length: 0.1 };
  assertEquals(isJustClearEnough({ model: "0".repeat(64), quality }), false);
});

Deno.test("a model and the file that is prepared of it have one name", () => {
  assertEquals(modelName(sface.sha256), "SFace");
  assertEquals(modelName("ab".repeat(32)), "unknown model abababababab");
  assertEquals(areDifferent(sface.sha256, sface.prepared_sha256!), false);
  assertEquals(areDifferent(sface.sha256, small.sha256), true);
});
