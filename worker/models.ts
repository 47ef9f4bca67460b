/** Loads the three model files and the recognition model's calibration. */

import {
  type ModelCalibration,
  type QualityBounds,
  UNCALIBRATED_BOUNDS,
} from "../models/calibration.ts";
import { isSameModel } from "../models/known_models.ts";
import { calibrationOf } from "../models/manifest.ts";
import { readCalibrationFile } from "../models/read_calibration.ts";
import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { describeError } from "../shared/log.ts";
import { ModelFile } from "./inference/model_file.ts";
import { ModelError } from "./inference/session.ts";
import type { PipelineModels } from "./pipeline/pipeline.ts";

/** Paths of the model files. */
export interface ModelPaths {
  readonly detector: string;
  readonly landmarks: string;
  /** undefined when no liveness is measured. */
  readonly liveness: string | undefined;
  readonly recognition: string;
  /** JSON file with a calibration, for a recognition model that is not in the manifest. */
  readonly calibration: string | undefined;
}

/** The loaded models. */
export interface LoadedModels {
  readonly models: PipelineModels;
  /** sha256 of each model file. */
  readonly checksums: Readonly<Record<"detector" | "landmarks" | "recognition", string>>;
  /** undefined when neither the manifest nor a file has a calibration of the recognition model. */
  readonly calibration: ModelCalibration | undefined;
  /** Bounds of a face's quality: those of the calibration, or UNCALIBRATED_BOUNDS without one. */
  readonly quality: QualityBounds;
}

/**
 * Loads the model files.
 *
 * @throws {ModelError} naming the file, when a file cannot be read, or when the calibration file
 * does not match {@linkcode ModelCalibrationSchema} or belongs to another model
 */
export async function loadModels(paths: ModelPaths): Promise<LoadedModels> {
  const [detector, landmarks, recognition, liveness] = await Promise.all([
    readModel(paths.detector),
    readModel(paths.landmarks),
    readModel(paths.recognition),
    paths.liveness === undefined ? undefined : readModel(paths.liveness),
  ]);
  const checksums = {
    detector: detector.sha256,
    landmarks: landmarks.sha256,
    recognition: recognition.sha256,
  };
  const calibration = paths.calibration === undefined
    ? calibrationOf(checksums.recognition)
    : await readCalibration(paths.calibration, checksums.recognition);
  const quality = calibration?.quality ?? UNCALIBRATED_BOUNDS;
  const models = { detector, landmarks, recognition, ...(liveness && { liveness }) };
  return { models, checksums, calibration, quality };
}

async function readModel(path: string): Promise<ModelFile> {
  try {
    return await ModelFile.read(path);
  } catch (cause) {
    const isDefault = Object.values<string>(LOCAL_PATHS).includes(path);
    const command = path === LOCAL_PATHS.liveness ? "models --liveness" : "setup";
    const hint = isDefault ? `; "deno task ${command}" fetches it` : "";
    throw new ModelError(`The model ${path} cannot be read (${describeError(cause)})${hint}`, {
      cause,
    });
  }
}

async function readCalibration(path: string, modelSha256: string): Promise<ModelCalibration> {
  const calibration = await readCalibrationFile(path).catch((cause: Error) => {
    throw new ModelError(cause.message, { cause });
  });
  if (!isSameModel(calibration.model_sha256, modelSha256)) {
    throw new ModelError(`The calibration ${path} belongs to another model`);
  }
  return calibration;
}
