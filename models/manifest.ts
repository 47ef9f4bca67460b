/** What models/manifest.json says: the default models, where they come from, how they score. */

import { z } from "zod";
import manifest from "./manifest.json" with { type: "json" };

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * How a recognition model scores strangers: the two numbers from which a similarity becomes a
 * confidence. Printed by `deno task calibrate`.
 */
export interface Calibration {
  /** Mean cosine between faces of different people, −1 to 1. */
  readonly mean_impostor_cosine: number;
  /** 1 / variance of the cosines between faces of different people, 3 to 4,096. */
  readonly effective_dimension: number;
}

const CALIBRATION_FIELDS = {
  mean_impostor_cosine: z.number().gt(-0.5).lt(0.9),
  effective_dimension: z.number().gte(3).lte(4096),
};

/** The form of a {@linkcode Calibration}. */
export const CalibrationSchema: z.ZodType<Calibration> = z.strictObject(CALIBRATION_FIELDS);

/** A calibration, and the sha256 of the model file that it is of: of another it would be wrong. */
export interface ModelCalibration extends Calibration {
  readonly model_sha256: string;
}

/** The form of a {@linkcode ModelCalibration}, in the manifest and in a MODEL_CALIBRATION file. */
export const ModelCalibrationSchema: z.ZodType<ModelCalibration> = z.strictObject({
  model_sha256: Sha256,
  ...CALIBRATION_FIELDS,
});

/** A file inside a published package, checked by its sha256. */
export const PackageFileSchema = z.strictObject({
  /** Inside the package. */
  path: z.string(),
  /** Name that it gets here. */
  file: z.string(),
  bytes: z.int().positive(),
  sha256: Sha256,
  /** Of the file after prepareModel, where that changes it. */
  prepared_sha256: Sha256.optional(),
});

/** A published package and the files that are taken out of it. */
export const PackageSourceSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  licence: z.string(),
  /** Of the tarball, as the registry publishes it. */
  integrity: z.string().startsWith("sha512-"),
  tarball_bytes: z.int().positive(),
});

/** See {@linkcode PackageSourceSchema}. */
export type PackageSource = z.infer<typeof PackageSourceSchema>;

/** See {@linkcode PackageFileSchema}. */
export type PackageFile = z.infer<typeof PackageFileSchema>;

/** The form of models/manifest.json. */
export const ModelManifestSchema = z.strictObject({
  source: PackageSourceSchema,
  models: z.strictObject({
    detector: PackageFileSchema,
    landmarks: PackageFileSchema,
    recognition: PackageFileSchema.extend({ calibration: ModelCalibrationSchema }),
  }),
});

/** See {@linkcode ModelManifestSchema}. */
export type ModelManifest = z.infer<typeof ModelManifestSchema>;

/** The default models. */
export const MODEL_MANIFEST: ModelManifest = ModelManifestSchema.parse(manifest);

/** The calibration of the model whose file has this sha256, if the manifest knows it. */
export function calibrationOf(sha256: string): Calibration | undefined {
  const { recognition } = MODEL_MANIFEST.models;
  const known = [recognition.sha256, recognition.calibration.model_sha256];
  return known.includes(sha256) ? recognition.calibration : undefined;
}
