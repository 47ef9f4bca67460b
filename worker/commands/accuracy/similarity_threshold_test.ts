import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Calibration } from "../../../models/calibration.ts";
import { confidence } from "../../../matching/confidence.ts";
import { similarityThreshold } from "./similarity_threshold.ts";

const MODEL: Calibration = { fitted_mean_cosine: 0.0221, fitted_dimension: 79.9 };

Deno.test("the default threshold needs more similarity in a larger gallery", () => {
  assertAlmostEquals(similarityThreshold(0.7, 1, MODEL), 0.425, 0.002);
  assertAlmostEquals(similarityThreshold(0.7, 50, MODEL), 0.51, 0.005);
  assertAlmostEquals(similarityThreshold(0.7, 2_000, MODEL), 0.57, 0.005);
  assertAlmostEquals(similarityThreshold(0.7, 100_000, MODEL), 0.63, 0.005);
});

Deno.test("the similarity threshold is the smallest similarity with the given confidence", () => {
  const thresholds = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  const galleries = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(fc.property(thresholds, galleries, (threshold, compared) => {
    const similarity = similarityThreshold(threshold, compared, MODEL);
    assert(confidence(similarity, compared, MODEL) >= threshold);
    assert(confidence(similarity - 1e-9, compared, MODEL) < threshold);
  }));
});

Deno.test("without templates no similarity is enough; at a threshold of 0 every similarity is enough", () => {
  assertEquals(similarityThreshold(0.7, 0, MODEL), Infinity);
  assertEquals(similarityThreshold(0, 1, MODEL), -1);
});
