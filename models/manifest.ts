/** What models/manifest.json says: the default models, where they come from, how they score. */

import { z } from "zod";
import { type Calibration, ModelCalibrationSchema } from "./calibration.ts";
import manifest from "./manifest.json" with { type: "json" };

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

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
