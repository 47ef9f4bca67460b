/**
 * Runs the command `deno task accuracy`: measures how well the models distinguish the people in a
 * folder of photos. Prints tables and draws the DET curve.
 */

import process from "node:process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Calibration } from "../../../models/calibration.ts";
import { ConfigError } from "../../../shared/env.ts";
import { createProgress } from "../../../shared/progress.ts";
import { ModelError } from "../../inference/session.ts";
import { readMaxImagePixels } from "../max_image_pixels.ts";
import { loadModels } from "../../models.ts";
import { createPipeline } from "../../pipeline/pipeline.ts";
import sharp from "../../pipeline/safe_sharp.ts";
import { CalibrationError, fitCalibration } from "../calibrate/calibrate.ts";
import { acceptedEmbeddings, type EmbeddedPhotos, embedPhotos } from "../embed_photos.ts";
import { type FolderCommand, runFolderCommand } from "../folder_command.ts";
import { localModelPaths } from "../model_paths.ts";
import { listPhotoFolder, PhotoFolderError } from "../photo_folder.ts";
import { drawDet } from "./det_svg.ts";
import { comparePairs } from "./evaluate.ts";
import { formatReport } from "./report.ts";

const USAGE = "Usage: deno task accuracy [--from DIR] [--svg FILE]";

const HELP = `${USAGE}

Compares each photo with all others, prints how often the models are wrong, and draws the DET curve
to tests/accuracy/out/det.svg and det.png.

  --from DIR   a folder of photos for each person: DIR/<person>/<photo>. Each photo shows only this
               person (default: the folder in FACE_IT_LFW100)
  --svg FILE   also write the curve to this file

To use other models, set MODEL_PATH, DETECTOR_PATH, LANDMARKS_PATH and MODEL_CALIBRATION.
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
  const { people, skipped } = await listPhotoFolder(folder);
  const loaded = await loadModels(localModelPaths(Deno.env));
  await using pipeline = await createPipeline(loaded.models, { maxPixels });
  const embedded = await embedPhotos(pipeline, people, {
    progress: createProgress(),
    label: "Reading photos",
  });
  for (const { path, reason } of [...skipped, ...embedded.refused]) {
    console.error(`${path}: ${reason}`);
  }
  const embeddings = embedded.people.map((photos) => photos.map(({ embedding }) => embedding));
  const scores = comparePairs(embeddings);
  const calibration = loaded.calibration ?? fitToThesePhotos(embedded.people);
  console.log(formatReport(embeddings, scores, calibration));
  const svg = drawDet(scores, calibration);
  await Deno.mkdir(OUT, { recursive: true });
  const files = [`${OUT}det.svg`, ...svgFile === undefined ? [] : [svgFile]];
  for (const file of files) {
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, svg);
  }
  // All photos are decoded. From here on, only the SVG of this program is loaded.
  sharp.unblock({ operation: ["VipsForeignLoadSvgBuffer"] });
  await sharp(new TextEncoder().encode(svg), { density: 144 }).png().toFile(`${OUT}det.png`);
  console.error(`\nThe DET curve is in ${[...files, `${OUT}det.png`].join(", ")}`);
}

function fitToThesePhotos(people: EmbeddedPhotos["people"]): Calibration {
  console.error(
    "The recognition model has no calibration. The report uses one that is fitted to these photos",
  );
  return fitCalibration(acceptedEmbeddings(people)).calibration;
}

if (import.meta.main) process.exitCode = await runFolderCommand(Deno.args, COMMAND);
