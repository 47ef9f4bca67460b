/** Reads models/manifest.json: the default models, their source and their calibration. */

import { z } from "zod";
import { type ModelCalibration, ModelCalibrationSchema } from "./calibration.ts";
import manifest from "./manifest.json" with { type: "json" };

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A file in a published package. */
export const PackageFileSchema = z.strictObject({
  /** Path in the package. */
  path: z.string(),
  /** Name of the local file. */
  file: z.string(),
  bytes: z.int().positive(),
  sha256: Sha256,
  /** sha256 of the prepared file; missing when prepareModel does not change the file. */
  prepared_sha256: Sha256.optional(),
});

/** A published package. */
export const PackageSourceSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  licence: z.string(),
  /** Integrity of the tarball, as the registry publishes it. */
  integrity: z.string().startsWith("sha512-"),
  tarball_bytes: z.int().positive(),
});

/** See {@linkcode PackageSourceSchema}. */
export type PackageSource = z.infer<typeof PackageSourceSchema>;

/** See {@linkcode PackageFileSchema}. */
export type PackageFile = z.infer<typeof PackageFileSchema>;

/** Schema of models/manifest.json. */
const ModelManifestSchema = z.strictObject({
  source: PackageSourceSchema,
  models: z.strictObject({
    detector: PackageFileSchema,
    landmarks: PackageFileSchema,
    recognition: PackageFileSchema.extend({ calibration: ModelCalibrationSchema }),
  }),
  /** Only needed with LIVENESS=observe, and fetched only on request. */
  liveness: PackageFileSchema,
});

/** See {@linkcode ModelManifestSchema}. */
export type ModelManifest = z.infer<typeof ModelManifestSchema>;

/** The default models. */
export const MODEL_MANIFEST: ModelManifest = ModelManifestSchema.parse(manifest);

/**
 * Returns the calibration of the model with this sha256; undefined when it is not the default
 * recognition model.
 */
export function calibrationOf(sha256: string): ModelCalibration | undefined {
  const { recognition } = MODEL_MANIFEST.models;
  const known = [recognition.sha256, recognition.calibration.model_sha256];
  return known.includes(sha256) ? recognition.calibration : undefined;
}
