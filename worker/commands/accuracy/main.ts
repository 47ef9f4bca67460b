/**
 * The command `deno task accuracy`: how well the models tell the people of a folder of photographs
 * apart. It prints tables and draws the DET curve.
 */

import process from "node:process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { ConfigError } from "../../../shared/env.ts";
import { createProgress } from "../../../shared/progress.ts";
import { embedFolder } from "../embed_folder.ts";
import { type EmbeddedPerson, embeddingsOf } from "../embed_people.ts";
import type { Calibration } from "../../../models/calibration.ts";
import { CalibrationError, fitCalibration } from "../calibrate/calibrate.ts";
import { type FolderCommand, runFolderCommand } from "../folder_command.ts";
import { ModelError } from "../../inference/session.ts";
import { readMaxImagePixels } from "../../max_image_pixels.ts";
import { localModelPaths } from "../model_paths.ts";
import { loadModels } from "../../models.ts";
import { listPhotoFolder, PhotoFolderError } from "../photo_folder.ts";
import { createPipeline } from "../../pipeline/pipeline.ts";
import { drawDet } from "./det_svg.ts";
import { comparePairs } from "./evaluate.ts";
import { report } from "./report.ts";

const USAGE = "Usage: deno task accuracy [--from DIR] [--svg FILE]";

const HELP = `${USAGE}

Compares all photos of DIR/<person>/<photo> with each other, prints how often the models are wrong,
and draws the DET curve to tests/accuracy/out/det.svg and det.png.

  --from DIR   a folder for each person, with photos of that person alone (default: FACE_IT_LFW100)
  --svg FILE   also writes the curve to this file

MODEL_PATH, DETECTOR_PATH, LANDMARKS_PATH and MODEL_CALIBRATION choose other models.
`;

const OUT = fileURLToPath(new URL("../../../tests/accuracy/out/", import.meta.url));

const COMMAND: FolderCommand = {
  usage: USAGE,
  help: HELP,
  option: "svg",
  defaultFolder: Deno.env.get("FACE_IT_LFW100"),
  expectedErrors: [ConfigError, PhotoFolderError, ModelError, CalibrationError, RangeError],
  run: measure,
};

async function measure(folder: string, svgFile: string | undefined): Promise<void> {
  const maxPixels = readMaxImagePixels(Deno.env);
  const photos = await listPhotoFolder(folder);
  const loaded = await loadModels(localModelPaths(Deno.env));
  await using pipeline = await createPipeline(loaded.models, { maxPixels });
  const people = await embedFolder(photos, {
    pipeline,
    progress: createProgress(),
    writeLine: console.error,
  });
  const embeddings = people.map(({ photos }) => photos.map(({ embedding }) => embedding));
  const scores = comparePairs(embeddings);
  const calibration = loaded.calibration ?? fitHere(people);
  console.log(report(embeddings, scores, calibration));
  const svg = drawDet(scores, calibration);
  await Deno.mkdir(OUT, { recursive: true });
  const files = [`${OUT}det.svg`, ...svgFile === undefined ? [] : [svgFile]];
  for (const file of files) {
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, svg);
  }
  await sharp(new TextEncoder().encode(svg), { density: 144 }).png().toFile(`${OUT}det.png`);
  console.error(`\nThe DET curve is in ${[...files, `${OUT}det.png`].join(", ")}`);
}

function fitHere(people: readonly EmbeddedPerson[]): Calibration {
  console.error("The recognition model has no calibration; using the one fitted on these photos");
  return fitCalibration(embeddingsOf(people)).calibration;
}

if (import.meta.main) process.exitCode = await runFolderCommand(Deno.args, COMMAND);
