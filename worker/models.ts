/** Reads the three model files and finds the recognition model's calibration. */

import { type Calibration, calibrationOf, CalibrationSchema } from "../models/manifest.ts";
import { sha256 } from "../shared/sha256.ts";
import { ModelError } from "./inference/session.ts";
import type { PipelineModels } from "./pipeline/pipeline.ts";

/** Where the models lie. */
export interface ModelPaths {
  readonly detector: string;
  readonly landmarks: string;
  readonly recognition: string;
  /** A JSON file with a calibration, for a recognition model that the manifest does not know. */
  readonly calibration: string | undefined;
}

/** The bytes of the models, and how the recognition model scores strangers. */
export interface LoadedModels {
  readonly models: PipelineModels;
  /** undefined when neither the manifest nor a calibration file knows the recognition model. */
  readonly calibration: Calibration | undefined;
}

/**
 * Reads the model files.
 *
 * @throws {ModelError} naming the file that is missing or unreadable, or a calibration file that is
 * not of the form of {@linkcode CalibrationSchema}
 */
export async function loadModels(paths: ModelPaths): Promise<LoadedModels> {
  const [detector, landmarks, recognition] = await Promise.all([
    readModel(paths.detector),
    readModel(paths.landmarks),
    readModel(paths.recognition),
  ]);
  const calibration = paths.calibration === undefined
    ? calibrationOf(await sha256(recognition))
    : await readCalibration(paths.calibration);
  return { models: { detector, landmarks, recognition }, calibration };
}

async function readModel(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new ModelError(`The model ${path} cannot be read; run "deno task setup"`, { cause });
  }
}

async function readCalibration(path: string): Promise<Calibration> {
  try {
    return CalibrationSchema.parse(JSON.parse(await Deno.readTextFile(path)));
  } catch (cause) {
    throw new ModelError(
      `The calibration ${path} is not {"mean_impostor_cosine", "effective_dimension"}`,
      { cause },
    );
  }
}
