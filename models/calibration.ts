/** Defines the calibration of a recognition model. */

import { z } from "zod";

/**
 * Two numbers that describe how similar the most similar strangers are to a recognition model. A
 * worker uses them to compute a confidence from a similarity. `deno task calibrate` prints them.
 *
 * They are parameters of a curve, chosen so that the curve agrees with the measured rates of false
 * matches from about 1 in 100 to 1 in 1,000,000. They need not be the mean and the dimension of
 * anything: below 1 in 10, the curve does not describe the cosines.
 */
export interface Calibration {
  /** Place of the curve on the axis of the cosines, −0.5 to 0.9. */
  readonly fitted_mean_cosine: number;
  /** Dimension of the sphere whose caps the curve describes, 3 to 4,096. It need not be an integer. */
  readonly fitted_dimension: number;
}

/**
 * Bounds of the measures of a face that is seen well enough. Faces beyond them resemble strangers.
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
 * Bounds for a model without a calibration. Only the place of the face's points is checked. Faces
 * that are tilted by up to 60 degrees are recognised; nobody tilts a camera that far by accident. No
 * photo of 2,100 good ones has a shape distance above 0.44.
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
 * A calibration with the bounds of a face's quality and the sha256 of its model file. It is wrong
 * for any other model.
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
