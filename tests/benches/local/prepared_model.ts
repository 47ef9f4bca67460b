/** Compares the time of the prepared small recognition model with that of the published model. */

import { prepareModel } from "../../../models/prepare/prepare_model.ts";
import { fetchPublishedModel } from "../../accuracy/published_model.ts";
import { openSession } from "../../../worker/inference/session.ts";
import { localModelPaths } from "../../../worker/commands/model_paths.ts";
import { loadModels } from "../../../worker/models.ts";
import { alignFace } from "../../../worker/pipeline/align.ts";
import { decode } from "../../../worker/pipeline/decode.ts";
import { createPipeline } from "../../../worker/pipeline/pipeline.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { jpegOf } from "./pictures.ts";
import { median, ratioOf, timeInTurns } from "../timing.ts";

/** Measures both models in one process. Both treat denormal numbers as zero. */
export async function measurePreparedModel(): Promise<Finding[]> {
  const original = await fetchPublishedModel();
  await using prepared = await openSession(prepareModel(original).bytes, "recognition");
  await using published = await openSession(original, "recognition");
  // A real face: PRelu's time depends on the signs of its input. For a smooth wave it is shorter.
  const face = await alignedFace();
  const shape = [1, 3, 112, 112];
  const times = await timeInTurns(
    60,
    () => prepared.run(face, shape),
    () => published.run(face, shape),
  );
  return [{
    what: "prepared ÷ published recognition model",
    measured: ratioOf(times),
    budget: 0.55,
    bound: "at most",
    detail: `${digits(median(times.a))} ms ÷ ${digits(median(times.b))} ms`,
  }];
}

/** Returns an aligned face: the input of the recognition network. */
async function alignedFace(): Promise<Float32Array> {
  const { models } = await loadModels({ ...localModelPaths(Deno.env), calibration: undefined });
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const picture = await jpegOf(250, 250);
  const { points } = await pipeline.recognize(picture);
  const face = await alignFace(await decode(picture, { maxPixels: 1_000_000 }), points);
  const plane = face.length / 3;
  return face.map((_, i) => (face[(i % plane) * 3 + Math.floor(i / plane)]! - 127.5) / 128);
}

if (import.meta.main) printFindings(await measurePreparedModel());
