import { assert, assertEquals } from "@std/assert";
import { MatchRuleSchema, WorkerModelsSchema } from "../shared/contract/models_in_use.ts";
import { chooseScore, type MatchConfig } from "../matching/score.ts";
import { WORKER_MODELS } from "../shared/contract/fake_answers.ts";
import { MODEL_MANIFEST } from "../models/manifest.ts";
import { describeModels } from "./describe_models.ts";
import type { ModelCalibration } from "../models/calibration.ts";

const checksums = {
  detector: "d".repeat(64),
  landmarks: "1".repeat(64),
  recognition: "f".repeat(64),
};
const calibration: ModelCalibration = {
  model_sha256: checksums.recognition,
  fitted_mean_cosine: 0.0221,
  fitted_dimension: 79.9,
  quality: { min_embedding_length: 0, max_roll_degrees: 60, max_shape_distance: 0.5 },
};

const describe = (match: MatchConfig) => {
  const score = chooseScore(match.on, calibration);
  const described = describeModels({ checksums, calibration }, { match, score });
  assertEquals(WorkerModelsSchema.parse(described), described);
  return { described, score };
};

Deno.test("the cosine is the smallest one that matches one template", () => {
  for (const threshold of [0.19, 0.7, 0.96]) {
    const { described, score } = describe({ on: "confidence", threshold });
    const { cosine } = described.match!;
    assert(score({ similarity: cosine!, compared: 1 }) >= threshold);
    assert(score({ similarity: cosine! - 0.0001, compared: 1 }) < threshold);
    assertEquals(described.calibration, { fitted_mean_cosine: 0.0221, fitted_dimension: 79.9 });
  }
});

Deno.test("the example in the contract is the cosine of the small model", () => {
  const { calibration } = MODEL_MANIFEST.models.recognition.small;
  const match = { on: "confidence", threshold: 0.7 } as const;
  const score = chooseScore(match.on, calibration);
  const described = describeModels({ checksums, calibration }, { match, score });
  assertEquals(MatchRuleSchema.shape.cosine.meta()?.["example"], described.match?.cosine);
  assertEquals([WORKER_MODELS.match, WORKER_MODELS.calibration], [
    described.match,
    described.calibration,
  ]);
});

Deno.test("with MATCH_ON=cosine, the threshold is the cosine and no calibration is in use", () => {
  const { described } = describe({ on: "cosine", threshold: 0.4 });
  assertEquals(described.match, { on: "cosine", threshold: 0.4, cosine: 0.4 });
  assertEquals(described.calibration, null);
});

Deno.test("no cosine is told when none reaches the threshold", () => {
  const match = { on: "confidence", threshold: 1 } as const;
  const described = describeModels({ checksums, calibration }, { match, score: () => 0.99 });
  assertEquals(described.match?.cosine, null);
});

Deno.test("a worker without a gallery tells its models, and no rule", () => {
  const described = describeModels({ checksums, calibration }, undefined);
  assertEquals(WorkerModelsSchema.parse(described), described);
  assertEquals(described, {
    detection: checksums.detector,
    landmarks: checksums.landmarks,
    recognition: checksums.recognition,
    match: null,
    calibration: null,
  });
});
