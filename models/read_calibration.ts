/** Reads the file of a calibration. */

import { describeError } from "../shared/log.ts";
import { type ModelCalibration, ModelCalibrationSchema } from "./calibration.ts";

/** Error for a calibration that cannot be used. Its message is one line that names the file. */
export class CalibrationError extends Error {
  override readonly name = "CalibrationError";
}

/**
 * Reads a calibration, as `deno task calibrate` prints it.
 *
 * @throws {CalibrationError} when the file cannot be read, or is no calibration
 */
export async function readCalibrationFile(path: string): Promise<ModelCalibration> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new CalibrationError(`The calibration ${path} cannot be read (${describeError(cause)})`, {
      cause,
    });
  }
  try {
    return ModelCalibrationSchema.parse(JSON.parse(text));
  } catch (cause) {
    const fields = '{"model_sha256", "fitted_mean_cosine", "fitted_dimension", "quality"}';
    throw new CalibrationError(
      isOfOlderVersion(text)
        ? `The calibration ${path} was made by an older version. Its thresholds accept more ` +
          'strangers than they promise. Run "deno task calibrate" again'
        : `The calibration ${path} is not what "deno task calibrate" prints: ${fields}. ` +
          'Run "deno task calibrate" again',
      { cause },
    );
  }
}

/** True for a calibration from before the fit of the tail. */
function isOfOlderVersion(text: string): boolean {
  try {
    return "mean_impostor_cosine" in JSON.parse(text);
  } catch {
    return false;
  }
}
