/**
 * The command `deno task calibrate`: measures how a recognition model scores strangers on a folder
 * of photographs. What it prints on standard output serves as it is as a MODEL_CALIBRATION file and
 * as `calibration` of the model's entry in models/manifest.json.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import type { ModelCalibration } from "../models/manifest.ts";
import { createProgress } from "../shared/progress.ts";
import { sha256 } from "../shared/sha256.ts";
import { embedFolder } from "./embed_folder.ts";
import { embeddingsOf } from "./embed_people.ts";
import { CalibrationError, fitCalibration } from "./gallery/calibrate.ts";
import { ModelError } from "./inference/session.ts";
import { localModelPaths } from "./model_paths.ts";
import { loadModels } from "./models.ts";
import { listPhotoFolder, PhotoFolderError } from "./photo_folder.ts";
import { createPipeline } from "./pipeline/pipeline.ts";

const USAGE = "Usage: deno task calibrate --from DIR [--model FILE]";

const HELP = `${USAGE}

Measures how the recognition model scores strangers, from photos in DIR/<person>/<photo>, and prints
the calibration as JSON: keep it in a file for MODEL_CALIBRATION.

  --from DIR    a folder for each person, with photos of that person alone
  --model FILE  the recognition model, an ONNX file (default: MODEL_PATH or the fetched one)
`;

const MAX_PIXELS = 50_000_000;

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") {
    console.error(`${options}. ${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  try {
    const calibration = await calibrate(options.from, options.model);
    console.log(JSON.stringify(calibration, undefined, 2));
    return 0;
  } catch (error) {
    if (
      error instanceof PhotoFolderError || error instanceof ModelError ||
      error instanceof CalibrationError
    ) {
      console.error(error.message);
      return 1;
    }
    throw error;
  }
}

type Options =
  | { readonly help: true }
  | { readonly help: false; readonly from: string; readonly model: string | undefined };

/** The options, or what is wrong with them. */
function readOptions(args: string[]): Options | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        from: { type: "string" },
        model: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return { help: true };
    if (!values.from) return "--from DIR is missing";
    return { help: false, from: values.from, model: values.model };
  } catch (error) {
    return error instanceof Error ? error.message.split(/\. |\n/)[0]! : String(error);
  }
}

async function calibrate(folder: string, model: string | undefined): Promise<ModelCalibration> {
  const photos = await listPhotoFolder(folder);
  const paths = localModelPaths(Deno.env);
  const recognition = model ?? paths.recognition;
  // The model's present calibration, if it has one, plays no part.
  const { models } = await loadModels({ ...paths, recognition, calibration: undefined });
  await using pipeline = await createPipeline(models, { maxPixels: MAX_PIXELS });
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

if (import.meta.main) process.exitCode = await main(Deno.args);
