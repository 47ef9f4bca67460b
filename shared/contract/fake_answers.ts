/** Answers of `POST /authenticate` for tests. */

import type { AuthenticateAnswer } from "./contract.ts";
import type { WorkerModels } from "./models_in_use.ts";

/** The answer for the face of user1. */
export const MATCH: Omit<Extract<AuthenticateAnswer, { matched: true }>, "liveness"> = {
  matched: true,
  user_id: "user1",
  user_name: "User One",
  confidence: 0.9998,
  similarity: 0.6,
  face: { box: [412, 96, 180, 224] },
  duration_ms: 29,
};

/** The answer for a face that belongs to nobody in the gallery. */
export const NON_MATCH: Omit<Extract<AuthenticateAnswer, { matched: false }>, "liveness"> = {
  matched: false,
  confidence: 0,
  face: MATCH.face,
  duration_ms: 29,
};

/** Facts that a worker tells about its models. */
export const WORKER_MODELS: WorkerModels = {
  detection: "d".repeat(64),
  landmarks: "1".repeat(64),
  recognition: "f".repeat(64),
  match: { on: "confidence", threshold: 0.7, cosine: 0.4167 },
  calibration: { fitted_mean_cosine: -0.0634, fitted_dimension: 54.3 },
};
