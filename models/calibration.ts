/** Defines the calibration of a recognition model. */

import { z } from "zod";

/**
 * Two numbers of a curve. The curve gives the share of strangers whose similarity, as a recognition
 * model measures it, reaches a cosine. A worker uses it to compute a confidence. `deno task calibrate`
 * prints the numbers.
 *
 * The numbers are fitted: with them, the curve agrees with measured shares from about 1 in 100 to
 * 1 in 1,000,000. For shares above 1 in 10, the curve is wrong. So the numbers are not the mean and the
 * dimension of the cosines.
 */
export interface Calibration {
  /** Cosine at which the curve is 1 in 2, −0.5 to 0.9. */
  readonly fitted_mean_cosine: number;
  /**
   * Number of dimensions of a sphere, 3 to 4,096, not always an integer. The curve is the area of a
   * cap of this sphere.
   */
  readonly fitted_dimension: number;
}

/**
 * Bounds of a face's quality. A face outside of them is not seen well enough: its embedding resembles
 * those of strangers.
 */
export interface QualityBounds {
  /** Smallest length of an embedding before it is scaled to 1. 0: every length is accepted. */
  readonly min_embedding_length: number;
  /** Largest angle between the face and an upright face, in degrees. */
  readonly max_roll_degrees: number;
  /** Largest distance of the face's five points from the shape of a mean face, 0 to 1. */
  readonly max_shape_distance: number;
}

/**
 * Bounds for a model without a calibration. They check only the five points of a face, because the
 * right length of an embedding is not known. A face may be tilted by up to 60 degrees; nobody tilts a
 * camera that far by accident. The shape distance of 2,100 good photos is at most 0.44.
 */
export const UNCALIBRATED_BOUNDS: QualityBounds = Object.freeze({
  min_embedding_length: 0,
  max_roll_degrees: 60,
  max_shape_distance: 0.5,
});

const CALIBRATION_FIELDS = {
  fitted_mean_cosine: z.number().gt(-0.5).lt(0.9),
  fitted_dimension: z.number().gte(3).lte(4096),
};

/** Schema of a {@linkcode Calibration}. */
export const CalibrationSchema: z.ZodType<Calibration> = z.strictObject(CALIBRATION_FIELDS);

/** Schema of {@linkcode QualityBounds}. */
export const QualityBoundsSchema: z.ZodType<QualityBounds> = z.strictObject({
  min_embedding_length: z.number().gte(0).lte(1e6),
  max_roll_degrees: z.number().gte(10).lte(90),
  max_shape_distance: z.number().gte(0.1).lte(1),
});

/**
 * A calibration, the bounds of a face's quality, and the sha256 of the model file. They are right only
 * for this model.
 */
export interface ModelCalibration extends Calibration {
  readonly model_sha256: string;
  readonly quality: QualityBounds;
}

/** Schema of a {@linkcode ModelCalibration}, in the manifest and in a MODEL_CALIBRATION file. */
export const ModelCalibrationSchema: z.ZodType<ModelCalibration> = z.strictObject({
  model_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  ...CALIBRATION_FIELDS,
  quality: QualityBoundsSchema,
});
