/** The models in use, as a worker tells them to the api, and as the api tells them to clients. */

import { z } from "zod";

/**
 * Header of a worker's responses to `POST /authenticate` and `POST /embed`:
 * {@linkcode WorkerModelsSchema} as JSON.
 */
export const WORKER_MODELS_HEADER = "X-Worker-Models";

/** A sha256 in lower-case hexadecimal. */
export const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
/** A cosine similarity. */
export const CosineSchema = z.number().min(-1).max(1);

/** The rule of a match. */
export const MatchRuleSchema = z.strictObject({
  on: z.enum(["confidence", "cosine"]).meta({
    description: "The score that is compared with the threshold (MATCH_ON)",
  }),
  threshold: z.number().gt(0).max(1).meta({
    description: "Lowest score of a match (MATCH_THRESHOLD)",
    example: 0.7,
  }),
  cosine: CosineSchema.nullable().meta({
    description: "Cosine that reaches the threshold in a 1:1 comparison with one template, " +
      "rounded up to 4 decimal places; null when no cosine does",
    example: 0.4167,
  }),
}).meta({ id: "MatchRule" });

const FittedCalibrationSchema = z.strictObject({
  fitted_mean_cosine: CosineSchema,
  fitted_dimension: z.number().positive().max(1e6),
}).meta({
  id: "Calibration",
  description: "The numbers that make a confidence of a cosine",
});

/** Facts about a worker's models. The schema has only numbers and checksums, and no free text. */
export const WorkerModelsSchema = z.strictObject({
  detection: Sha256Schema,
  landmarks: Sha256Schema,
  recognition: Sha256Schema,
  /** null for a worker that holds no gallery: then the gallery service has the rule. */
  match: MatchRuleSchema.nullable(),
  calibration: FittedCalibrationSchema.nullable(),
});

/** See {@linkcode WorkerModelsSchema}. */
export type WorkerModels = z.infer<typeof WorkerModelsSchema>;

const ModelSchema = z.strictObject({
  use: z.enum(["detection", "landmarks", "recognition"]),
  name: z.string().nullable().meta({
    description: "The package and file of a model that the service knows; null for any other model",
    example: "faceplugin-face-recognition-js 0.0.1, model/fr_feature.onnx",
  }),
  licence: z.string().nullable().meta({ example: "MIT" }),
  sha256: Sha256Schema.meta({ description: "Of the file that the worker has loaded" }),
}).meta({ id: "Model" });

/** Number of users and templates of a recognition model. */
export const ModelCountSchema = z.strictObject({
  model: Sha256Schema,
  users: z.int().min(0),
  templates: z.int().min(0),
}).meta({ id: "ModelCount" });

/** Tells if templates need a consent. */
export const RequiresConsentSchema = z.boolean().meta({
  description:
    "true: only users with a consent_ref get templates (REQUIRE_CONSENT). Missing when " +
    "the workers hold the gallery",
});

/** The answer of `GET /models`. */
export const ModelsSchema = z.strictObject({
  models: z.array(ModelSchema).meta({ description: "Empty until a worker has answered" }),
  match: MatchRuleSchema.nullable(),
  calibration: FittedCalibrationSchema.nullable().meta({
    description: "null also for a model without a calibration",
  }),
  templates: z.array(ModelCountSchema).nullable().meta({
    description: "The templates of the caller's collection, by the recognition model that made " +
      "them; null when the workers hold the gallery",
  }),
  requires_consent: RequiresConsentSchema.optional(),
}).meta({ id: "Models" });

/** See {@linkcode ModelsSchema}. */
export type Models = z.infer<typeof ModelsSchema>;

/** Longest header that the api reads. */
const MAX_HEADER_LENGTH = 1024;

/** Reads a {@linkcode WORKER_MODELS_HEADER}. Returns undefined when it is not as documented. */
export function readWorkerModels(
  header: string | readonly string[] | undefined,
): WorkerModels | undefined {
  if (typeof header !== "string" || header.length > MAX_HEADER_LENGTH) return undefined;
  try {
    return WorkerModelsSchema.safeParse(JSON.parse(header)).data;
  } catch {
    return undefined;
  }
}
