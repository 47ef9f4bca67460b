/**
 * Runs the command `deno task accuracy`: measures how well the models distinguish the people in a
 * folder of photos. Prints tables and draws the DET curve.
 */

import process from "node:process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Calibration, QualityBounds } from "../../../models/calibration.ts";
import { ConfigError } from "../../../shared/env.ts";
import { createProgress } from "../../../shared/progress.ts";
import { ModelError } from "../../inference/session.ts";
import { readMaxImagePixels } from "../max_image_pixels.ts";
import { loadModels } from "../../models.ts";
import { createPipeline } from "../../pipeline/pipeline.ts";
import { findQualityFault } from "../../pipeline/quality.ts";
import sharp from "../../safe_sharp.ts";
import { CalibrationError, fitCalibration } from "../calibrate/calibrate.ts";
import { acceptedEmbeddings, type EmbeddedPhotos, embedPhotos } from "../embed_photos.ts";
import { type FolderCommand, runFolderCommand } from "../folder_command.ts";
import { FAULTS } from "../faults.ts";
import { localModelPaths } from "../model_paths.ts";
import { listPhotoFolder, PhotoFolderError } from "../photo_folder.ts";
import { printable } from "../printable.ts";
import { spoilPhotos } from "../spoil_photos.ts";
import { drawDet } from "./det_svg.ts";
import { comparePairs } from "./evaluate.ts";
import { formatGateReport } from "./gate_report.ts";
import { readGroups } from "./group_file.ts";
import { ListFileError } from "./list_file.ts";
import { measureGroups } from "./group_rates.ts";
import { formatGroups } from "./group_report.ts";
import { crossJudgeGate, judgeGate } from "./judge_gate.ts";
import { choosePhotos } from "./photo_list.ts";
import { DEFAULT_CONFIDENCE } from "./default_confidence.ts";
import { formatReport } from "./report.ts";
import { similarityThreshold } from "./similarity_threshold.ts";

const USAGE =
  "Usage: deno task accuracy [--from DIR] [--photos FILE] [--model FILE] [--groups FILE] [--svg FILE] | --quality";

const HELP = `${USAGE}

Compares each photo with all others, prints how often the models are wrong, and draws the DET curve
to tests/accuracy/out/det.svg and det.png.

  --from DIR     a folder of photos for each person: DIR/<person>/<photo>. Each photo shows only
                 this person (default: the folder in FACE_IT_LFW100)
  --photos FILE  measure only some of the photos. Each line of the file has the path of a photo, as
                 <person>/<photo>
  --model FILE   the recognition model, an ONNX file (default: MODEL_PATH or the model in
                 models/: the small model, or SFace)
  --groups FILE  also measure groups of people. Each line of the file has the name of a group, a
                 tab, and the name of a person's folder. A person can be in several groups
  --svg FILE     also write the curve to this file
  --quality      judge the quality gate instead: make bad photos from these (turned, blurred, dark,
                 covered), and print how many are enrolled, and how many strangers are then accepted

To use other models, set MODEL_PATH, DETECTOR_PATH, LANDMARKS_PATH and MODEL_CALIBRATION.
`;

const OUT = fileURLToPath(new URL("../../../tests/accuracy/out/", import.meta.url));

const COMMAND: FolderCommand = {
  usage: USAGE,
  help: HELP,
  options: ["photos", "model", "groups", "svg"],
  flags: ["quality"],
  defaultFolder: Deno.env.get("FACE_IT_LFW100"),
  expectedErrors: [
    ConfigError,
    PhotoFolderError,
    ListFileError,
    ModelError,
    CalibrationError,
    RangeError,
  ],
  run: measure,
};

async function measure(
  folder: string,
  values: ReadonlyMap<string, string>,
  flags: ReadonlySet<string>,
): Promise<void> {
  const maxPixels = readMaxImagePixels(Deno.env);
  const { people: everybody, skipped } = await listPhotoFolder(folder);
  const photoList = values.get("photos");
  const people = photoList === undefined
    ? everybody
    : await choosePhotos(photoList, folder, everybody);
  const groupFile = values.get("groups");
  const names = people.map(({ person }) => person);
  const groups = groupFile === undefined ? [] : await readGroups(groupFile, names);
  const paths = localModelPaths(Deno.env);
  const recognition = values.get("model") ?? paths.recognition;
  const loaded = await loadModels({ ...paths, recognition });
  await using pipeline = await createPipeline(loaded.models, { maxPixels });
  const progress = createProgress();
  const embedded = await embedPhotos(pipeline, people, { progress, label: "Reading photos" });
  for (const { path, reason } of [...skipped, ...embedded.refused]) {
    console.error(printable(`${path}: ${reason}`));
  }
  const calibration = loaded.calibration ?? fitToThesePhotos(embedded.people);
  if (flags.has("quality")) {
    const good = embedded.people.map((photos) => photos.map(({ face }) => face));
    const spoiled = await spoilPhotos(pipeline, embedded.people, FAULTS, {
      progress,
      label: "Spoiling photos",
    });
    const samples = [
      { name: "good", faces: good },
      ...FAULTS.map(({ name }, i) => ({ name, faces: spoiled[i]! })),
    ];
    const threshold = similarityThreshold(DEFAULT_CONFIDENCE, 1, calibration);
    const cross = crossJudgeGate(good, samples, threshold);
    const effects = judgeGate(good, samples, loaded.quality, threshold);
    console.log(formatGateReport(cross, effects, loaded.quality));
    return;
  }
  const accepted = refuseBadFaces(embedded.people, loaded.quality);
  const scores = comparePairs(accepted);
  console.log(formatReport(accepted, scores, calibration));
  if (groups.length > 0) {
    const rates = measureGroups(accepted, scores, groups, calibration);
    console.log(`\n${formatGroups(rates, calibration)}`);
  }
  const svgFile = values.get("svg");
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

/** Returns the embeddings that pass the quality gate. Prints the photos that do not. */
function refuseBadFaces(
  people: EmbeddedPhotos["people"],
  bounds: QualityBounds,
): (Float32Array | undefined)[][] {
  return people.map((photos) =>
    photos.map(({ path, face }) => {
      const fault = face && findQualityFault(face.quality, bounds);
      if (fault === undefined) return face?.embedding;
      console.error(printable(`${path}: ${fault}`));
      return undefined;
    })
  );
}

function fitToThesePhotos(people: EmbeddedPhotos["people"]): Calibration {
  console.error(
    "The recognition model has no calibration. The report uses one that is fitted to these photos",
  );
  return fitCalibration(acceptedEmbeddings(people)).calibration;
}

if (import.meta.main) process.exitCode = await runFolderCommand(Deno.args, COMMAND);
