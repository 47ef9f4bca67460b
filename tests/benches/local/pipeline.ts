/** Compares the time of the whole pipeline with the time of only its networks. */

import { localModelPaths } from "../../../worker/commands/model_paths.ts";
import { loadModels } from "../../../worker/models.ts";
import { createPipeline } from "../../../worker/pipeline/pipeline.ts";
import { openBareNetworks } from "./bare_networks.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { jpegOf } from "./pictures.ts";
import { median, ratioOf, timeInTurns } from "../timing.ts";

const SIZES = [
  { name: "JPEG 250 x 250", width: 250, height: 250, runs: 200 },
  { name: "JPEG 640 x 480", width: 640, height: 480, runs: 100 },
  { name: "JPEG 4000 x 3000", width: 4000, height: 3000, runs: 30 },
];
const BUDGET = 1.2;

/** Measures the pipeline with small, medium and large pictures. */
export async function measurePipeline(): Promise<Finding[]> {
  const { models } = await loadModels({ ...localModelPaths(Deno.env), calibration: undefined });
  await using pipeline = await createPipeline(models, { maxPixels: 51_000_000 });
  await using networks = await openBareNetworks(models);
  const findings: Finding[] = [];
  for (const { name, width, height, runs } of SIZES) {
    const picture = await jpegOf(width, height);
    const times = await timeInTurns(
      runs,
      () => pipeline.recognize(picture),
      () => networks.run(),
    );
    findings.push({
      what: `pipeline ÷ its networks, ${name}`,
      measured: ratioOf(times),
      budget: BUDGET,
      bound: "at most",
      detail: `${digits(median(times.a))} ms ÷ ${digits(median(times.b))} ms`,
    });
  }
  return findings;
}

if (import.meta.main) printFindings(await measurePipeline());
