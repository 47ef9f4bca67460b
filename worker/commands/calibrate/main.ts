/**
 * The command `deno task calibrate`: measures how a recognition model scores strangers on a folder
 * of photographs. What it prints on standard output serves as it is as a MODEL_CALIBRATION file and
 * as `calibration` of the model's entry in models/manifest.json.
 */

import process from "node:process";
import type { ModelCalibration } from "../../../models/calibration.ts";
import { ConfigError } from "../../../shared/env.ts";
import { createProgress } from "../../../shared/progress.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { embedFolder } from "../embed_folder.ts";
import { embeddingsOf } from "../embed_people.ts";
import { type FolderCommand, runFolderCommand } from "../folder_command.ts";
import { CalibrationError, fitCalibration } from "./calibrate.ts";
import { ModelError } from "../../inference/session.ts";
import { readMaxImagePixels } from "../../max_image_pixels.ts";
import { localModelPaths } from "../model_paths.ts";
import { loadModels } from "../../models.ts";
import { listPhotoFolder, PhotoFolderError } from "../photo_folder.ts";
import { createPipeline } from "../../pipeline/pipeline.ts";

const USAGE = "Usage: deno task calibrate --from DIR [--model FILE]";

const HELP = `${USAGE}

Measures how the recognition model scores strangers, from photos in DIR/<person>/<photo>, and prints
the calibration as JSON: keep it in a file for MODEL_CALIBRATION.

  --from DIR    a folder for each person, with photos of that person alone
  --model FILE  the recognition model, an ONNX file (default: MODEL_PATH or the fetched one)
`;

const COMMAND: FolderCommand = {
  usage: USAGE,
  help: HELP,
  option: "model",
  expectedErrors: [ConfigError, PhotoFolderError, ModelError, CalibrationError],
  async run(folder, model) {
    console.log(JSON.stringify(await calibrate(folder, model), undefined, 2));
  },
};

async function calibrate(folder: string, model: string | undefined): Promise<ModelCalibration> {
  const maxPixels = readMaxImagePixels(Deno.env);
  const photos = await listPhotoFolder(folder);
  const paths = localModelPaths(Deno.env);
  const recognition = model ?? paths.recognition;
  // The model's present calibration, if it has one, plays no part.
  const { models } = await loadModels({ ...paths, recognition, calibration: undefined });
  await using pipeline = await createPipeline(models, { maxPixels });
  const people = await embedFolder(photos, {
    pipeline,
    progress: createProgress(),
    writeLine: console.error,
  });
  const { calibration, ...basis } = fitCalibration(embeddingsOf(people));
  const checksum = await sha256(new Uint8Array(models.recognition));
  console.error(
    `Calibrated ${recognition} on ${basis.people} people, ${basis.photos} photos, ` +
      `${basis.pairs} pairs of different people`,
  );
  // Fewer digits than other people's photos would agree on.
  return {
    model_sha256: checksum,
    mean_impostor_cosine: Number(calibration.mean_impostor_cosine.toFixed(4)),
    effective_dimension: Number(calibration.effective_dimension.toFixed(1)),
  };
}

if (import.meta.main) process.exitCode = await runFolderCommand(Deno.args, COMMAND);
