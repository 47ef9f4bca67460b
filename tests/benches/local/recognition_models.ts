/** Compares start, memory and time of a request of the two recognition models. */

import process from "node:process";
import { prepareModel } from "../../../models/prepare/prepare_model.ts";
import { localModelPaths } from "../../../worker/commands/model_paths.ts";
import { loadModels } from "../../../worker/models.ts";
import { createPipeline } from "../../../worker/pipeline/pipeline.ts";
import { fetchPublishedModel, fetchPublishedSface } from "../../accuracy/published_model.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { digits } from "../budget.ts";
import { jpegOf } from "./pictures.ts";
import { median, timed } from "../timing.ts";

const PROCESSES = 4;
const REQUESTS = 60;

/** Figures of one process with one model. Times are in milliseconds, sizes in MB. */
interface Figures {
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly loadedMb: number;
  readonly requestMs: number;
  readonly fastestMs: number;
  readonly requestCpuMs: number;
  readonly usedMb: number;
}

/** Loads the models in this process, and recognises the same picture many times. */
async function measure(recognition: string): Promise<Figures> {
  const paths = { ...localModelPaths(Deno.env), recognition, calibration: undefined };
  const picture = await jpegOf(250, 250);
  const before = cpuMs(), started = performance.now();
  const { models, quality } = await loadModels(paths);
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000, quality });
  await pipeline.warmUp();
  const startMs = performance.now() - started, startCpuMs = cpuMs() - before;
  const loadedMb = process.memoryUsage().rss / 1e6;
  const times: number[] = [];
  const cpu = cpuMs();
  for (let i = 0; i < REQUESTS; i++) times.push(await timed(() => pipeline.recognize(picture)));
  return {
    startMs,
    startCpuMs,
    loadedMb,
    requestMs: median(times),
    fastestMs: Math.min(...times),
    requestCpuMs: (cpuMs() - cpu) / REQUESTS,
    usedMb: process.memoryUsage().rss / 1e6,
  };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Measures each model in processes of its own, in turns. */
async function main(): Promise<void> {
  await using folder = await temporaryFolder({
    "small.onnx": prepareModel(await fetchPublishedModel()).bytes,
    "sface.onnx": prepareModel(await fetchPublishedSface()).bytes,
  });
  const runs: Record<"small" | "sface", Figures[]> = { small: [], sface: [] };
  for (let i = 0; i < PROCESSES; i++) {
    for (const name of ["small", "sface"] as const) {
      const { stdout, success } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", "-P=test", import.meta.filename!, folder.path(`${name}.onnx`)],
        stderr: "inherit",
      }).output();
      if (!success) Deno.exit(1);
      runs[name].push(JSON.parse(new TextDecoder().decode(stdout)));
    }
  }
  const fields = Object.keys(runs.small[0]!) as (keyof Figures)[];
  for (const field of fields) {
    const [small, sface] = [runs.small, runs.sface].map((list) =>
      median(list.map((figures) => figures[field]))
    ) as [number, number];
    console.log(`${field}: ${digits(small)} → ${digits(sface)} (${digits(sface / small)})`);
  }
}

if (import.meta.main) {
  const [recognition] = Deno.args;
  if (recognition === undefined) await main();
  else console.log(JSON.stringify(await measure(recognition)));
}
