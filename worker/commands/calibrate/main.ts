/**
 * Runs the command `deno task calibrate`: measures the cosines that a recognition model gives to
 * photos of different people, and the lengths of the embeddings of turned photos. Prints the content
 * of a MODEL_CALIBRATION file. The same JSON can be the `calibration` of the model in
 * models/manifest.json.
 */

import process from "node:process";
import type { ModelCalibration } from "../../../models/calibration.ts";
import { ConfigError } from "../../../shared/env.ts";
import { createProgress } from "../../../shared/progress.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { ModelError } from "../../inference/session.ts";
import { readMaxImagePixels } from "../max_image_pixels.ts";
import { loadModels } from "../../models.ts";
import { createPipeline } from "../../pipeline/pipeline.ts";
import { acceptedEmbeddings, embedPhotos } from "../embed_photos.ts";
import { type FolderCommand, runFolderCommand } from "../folder_command.ts";
import { localModelPaths } from "../model_paths.ts";
import { listPhotoFolder, PhotoFolderError } from "../photo_folder.ts";
import { type SpoiledFaces, spoilPhotos } from "../spoil_photos.ts";
import { CalibrationError, fitCalibration } from "./calibrate.ts";
import { fitQualityBounds, QUARTER_TURNS } from "./fit_quality.ts";

const USAGE = "Usage: deno task calibrate --from DIR [--model FILE]";

const HELP = `${USAGE}

Measures which similarities the recognition model gives to photos of different people. Turns each
photo on its side and upside down, and measures how to tell such a photo from a good one. Prints the
calibration of the model as JSON. Write the output to a file, and set MODEL_CALIBRATION to the path
of the file.

  --from DIR    a folder of photos for each person: DIR/<person>/<photo>. Each photo shows only
                this person, upright and clearly
  --model FILE  the recognition model, an ONNX file (default: MODEL_PATH or the default model)
`;

const COMMAND: FolderCommand = {
  usage: USAGE,
  help: HELP,
  options: ["model"],
  expectedErrors: [ConfigError, PhotoFolderError, ModelError, CalibrationError],
  async run(folder, values) {
    console.log(JSON.stringify(await calibrate(folder, values.get("model")), undefined, 2));
  },
};

async function calibrate(folder: string, model: string | undefined): Promise<ModelCalibration> {
  const maxPixels = readMaxImagePixels(Deno.env);
  const { people, skipped } = await listPhotoFolder(folder);
  const paths = localModelPaths(Deno.env);
  const recognition = model ?? paths.recognition;
  // Embeddings do not depend on the calibration that the model may already have.
  const { models } = await loadModels({ ...paths, recognition, calibration: undefined });
  await using pipeline = await createPipeline(models, { maxPixels });
  const progress = createProgress();
  const embedded = await embedPhotos(pipeline, people, { progress, label: "Reading photos" });
  for (const { path, reason } of [...skipped, ...embedded.refused]) {
    console.error(`${path}: ${reason}`);
  }
  const { calibration, ...basis } = fitCalibration(acceptedEmbeddings(embedded.people));
  const turned = await spoilPhotos(pipeline, embedded.people, QUARTER_TURNS, {
    progress,
    label: "Turning photos",
  });
  const good = lengthsOf(embedded.people.map((photos) => photos.map(({ face }) => face)));
  const quality = fitQualityBounds(good, turned.map(lengthsOf));
  const below = (lengths: readonly number[]) =>
    lengths.filter((length) => length < quality.min_embedding_length).length;
  const turnedLengths = turned.flatMap(lengthsOf);
  const checksum = await sha256(new Uint8Array(models.recognition));
  console.error(
    `Calibrated ${recognition} on ${basis.people} people, ${basis.photos} photos, ` +
      `${basis.pairs} pairs of different people`,
  );
  console.error(
    `The bound of the embeddings' length refuses ${below(good)} of these ${good.length} photos, ` +
      `and ${
        below(turnedLengths)
      } of ${turnedLengths.length} turned photos in which a face was found`,
  );
  // Rounds the numbers: photos of other people would change further digits.
  return {
    model_sha256: checksum,
    mean_impostor_cosine: Number(calibration.mean_impostor_cosine.toFixed(4)),
    effective_dimension: Number(calibration.effective_dimension.toFixed(1)),
    quality,
  };
}

function lengthsOf(faces: SpoiledFaces): number[] {
  return faces.flat().flatMap((face) => face === undefined ? [] : [face.quality.embeddingLength]);
}

if (import.meta.main) process.exitCode = await runFolderCommand(Deno.args, COMMAND);
