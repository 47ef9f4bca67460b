/** Defines the calibration of a recognition model. */

import { z } from "zod";

/**
 * Two numbers that describe which cosines a recognition model gives to different people. A worker
 * uses them to compute a confidence from a similarity. `deno task calibrate` prints them.
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

/** Schema of a {@linkcode Calibration}. */
export const CalibrationSchema: z.ZodType<Calibration> = z.strictObject(CALIBRATION_FIELDS);

/** A calibration with the sha256 of its model file. It is wrong for any other model. */
export interface ModelCalibration extends Calibration {
  readonly model_sha256: string;
}

/** Schema of a {@linkcode ModelCalibration}, in the manifest and in a MODEL_CALIBRATION file. */
export const ModelCalibrationSchema: z.ZodType<ModelCalibration> = z.strictObject({
  model_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  ...CALIBRATION_FIELDS,
});
