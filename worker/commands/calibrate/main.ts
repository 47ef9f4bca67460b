/**
 * Runs the command `deno task calibrate`: measures the cosines that a recognition model gives to
 * photos of different people, and the lengths of the embeddings of turned photos. Prints the content
 * of a MODEL_CALIBRATION file. The same JSON can be the `calibration` of the model in
 * models/manifest.json.
 */

import process from "node:process";
import type { Calibration, ModelCalibration, QualityBounds } from "../../../models/calibration.ts";
import { ConfigError } from "../../../shared/env.ts";
import { createProgress, type Progress } from "../../../shared/progress.ts";
import { ModelError } from "../../inference/session.ts";
import { readMaxImagePixels } from "../max_image_pixels.ts";
import { loadModels } from "../../models.ts";
import { createPipeline, type Pipeline } from "../../pipeline/pipeline.ts";
import { acceptedEmbeddings, type EmbeddedPhotos, embedPhotos } from "../embed_photos.ts";
import { ExclusionError, readExclusions, type RemainingPhotos } from "../exclusions.ts";
import { type FolderCommand, runFolderCommand } from "../folder_command.ts";
import { limitPhotos, MAX_PHOTOS, MAX_PHOTOS_PER_PERSON, spread } from "../limit_photos.ts";
import { localModelPaths } from "../model_paths.ts";
import { listPhotoFolder, PhotoFolderError } from "../photo_folder.ts";
import { printable } from "../printable.ts";
import { type SpoiledFaces, spoilPhotos } from "../spoil_photos.ts";
import { strangerCosines } from "../strangers/stranger_cosines.ts";
import { CalibrationError, fitToCosines, requireEnoughPeople } from "./calibrate.ts";
import { fitQualityBounds, QUARTER_TURNS } from "./fit_quality.ts";
import { judgeHalves } from "./judge_halves.ts";
import { formatJudgement } from "./judge_report.ts";
import { formatRates } from "./rates_report.ts";
import { formatSuspects } from "./suspects_report.ts";

const USAGE = "Usage: deno task calibrate --from DIR [--model FILE] [--exclude FILE] [--judge]";

const HELP = `${USAGE}

Measures which similarities the recognition model gives to photos of different people. Turns up to
1,000 photos on their side and upside down, and measures how to tell such a photo from a good one.
Lists names that may be wrong. Prints the calibration of the model as JSON. Write the output to a
file, and set MODEL_CALIBRATION to the path of the file.

  --from DIR      a folder of photos for each person: DIR/<person>/<photo>. Each photo shows only
                  this person, upright and clearly. At least 100 people; at most
                  ${MAX_PHOTOS_PER_PERSON} photos of a person and ${
  MAX_PHOTOS.toLocaleString("en")
} in all are used
  --model FILE    the recognition model, an ONNX file (default: MODEL_PATH or the model in
                  models/: the small model, or SFace)
  --exclude FILE  photos and people to leave out. Each line is PERSON/PHOTO, PERSON, or
                  PERSON = PERSON for two people who must not be compared
  --judge         print no calibration. Calibrate on one half of the people, judge with the other
                  half, and exchange the halves
`;

/** Largest number of photos that are turned. More would change the bound by less than 1 %. */
const MAX_TURNED = 1_000;

const COMMAND: FolderCommand = {
  usage: USAGE,
  help: HELP,
  options: ["model", "exclude"],
  flags: ["judge"],
  expectedErrors: [ConfigError, PhotoFolderError, ModelError, CalibrationError, ExclusionError],
  async run(folder, values, flags) {
    const maxPixels = readMaxImagePixels(Deno.env);
    const { people, excludedPairs } = await listPhotos(folder, values.get("exclude"));
    requireEnoughPeople(people.map(({ photos }) => photos));
    const paths = localModelPaths(Deno.env);
    const recognition = values.get("model") ?? paths.recognition;
    // Embeddings do not depend on the calibration that the model may already have.
    const { models, checksums } = await loadModels({
      ...paths,
      recognition,
      calibration: undefined,
    });
    await using pipeline = await createPipeline(models, { maxPixels });
    const progress = createProgress();
    const embedded = await embedPhotos(pipeline, people, { progress, label: "Reading photos" });
    for (const { path, reason } of embedded.refused) console.error(printable(`${path}: ${reason}`));
    const photos = { names: people, embedded, excludedPairs };
    if (flags.has("judge")) {
      const embeddings = acceptedEmbeddings(embedded.people);
      const judgement = judgeHalves(embeddings, { excluded: excludedPairs, progress });
      console.log(formatJudgement(judgement));
      return;
    }
    const calibration = calibrate(photos, recognition, progress);
    const quality = await measureQuality(pipeline, embedded.people, progress);
    // Rounds the numbers: photos of other people would change further digits.
    const result: ModelCalibration = {
      model_sha256: checksums.recognition,
      fitted_mean_cosine: Number(calibration.fitted_mean_cosine.toFixed(4)),
      fitted_dimension: Number(calibration.fitted_dimension.toFixed(1)),
      quality,
    };
    console.log(JSON.stringify(result, undefined, 2));
  },
};

async function listPhotos(folder: string, exclude: string | undefined): Promise<RemainingPhotos> {
  const { people, skipped } = await listPhotoFolder(folder);
  for (const { path, reason } of skipped) console.error(printable(`${path}: ${reason}`));
  const remaining = exclude === undefined
    ? { people, excludedPairs: [] }
    : await readExclusions(exclude, people);
  const limited = limitPhotos(remaining.people);
  const count = (people: RemainingPhotos["people"]) =>
    people.reduce((sum, { photos }) => sum + photos.length, 0);
  const used = count(limited), all = count(remaining.people);
  if (used < all) {
    console.error(
      `Using ${used} of ${all} photos: at most ${MAX_PHOTOS_PER_PERSON} of a person and ` +
        `${MAX_PHOTOS} in all`,
    );
  }
  return { people: limited, excludedPairs: remaining.excludedPairs };
}

/** Prints suspected errors in the names and how well the fit describes the photos. */
function calibrate(
  { names, embedded, excludedPairs }: {
    readonly names: RemainingPhotos["people"];
    readonly embedded: EmbeddedPhotos;
    readonly excludedPairs: RemainingPhotos["excludedPairs"];
  },
  model: string,
  progress: Progress,
): Calibration {
  const embeddings = acceptedEmbeddings(embedded.people);
  requireEnoughPeople(embeddings);
  const strangers = strangerCosines(embeddings, { excluded: excludedPairs, progress });
  const accepted = embedded.people.map((photos) =>
    photos.filter(({ embedding }) => embedding !== undefined).map(({ path }) => path)
  );
  const named = names.map(({ person }, i) => ({ person, photos: accepted[i]! }));
  console.error(formatSuspects(named, embeddings, strangers));
  const { calibration, people, photos, pairs } = fitToCosines(embeddings, strangers);
  console.error(
    `Calibrated ${
      printable(model)
    } on ${people} people, ${photos} photos, ${pairs} pairs of different people\n`,
  );
  console.error(`${formatRates(strangers.histogram, calibration)}\n`);
  return calibration;
}

async function measureQuality(
  pipeline: Pipeline,
  people: EmbeddedPhotos["people"],
  progress: Progress,
): Promise<QualityBounds> {
  const accepted = people.flat().filter(({ face }) => face !== undefined);
  const turned = await spoilPhotos(pipeline, [spread(accepted, MAX_TURNED)], QUARTER_TURNS, {
    progress,
    label: "Turning photos",
  });
  const good = lengthsOf(people.map((photos) => photos.map(({ face }) => face)));
  const quality = fitQualityBounds(good, turned.map(lengthsOf));
  const below = (lengths: readonly number[]) =>
    lengths.filter((length) => length < quality.min_embedding_length).length;
  const turnedLengths = turned.flatMap(lengthsOf);
  console.error(
    `The bound of the embeddings' length refuses ${below(good)} of these ${good.length} photos, ` +
      `and ${
        below(turnedLengths)
      } of ${turnedLengths.length} turned photos in which a face was found`,
  );
  return quality;
}

function lengthsOf(faces: SpoiledFaces): number[] {
  return faces.flat().flatMap((face) => face === undefined ? [] : [face.quality.embeddingLength]);
}

if (import.meta.main) process.exitCode = await runFolderCommand(Deno.args, COMMAND);
