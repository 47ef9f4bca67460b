/**
 * The command `deno task soak [--minutes N]`: runs many loads at the same time against the real
 * service, for ten minutes by default. Meanwhile it measures the service's memory, processes and
 * open files. Exits with 1 when memory or open files grow, when a process hangs or remains, or when
 * an answer is unexpected. Exits with 2 when it cannot begin.
 */

import { parseArgs } from "node:util";
import { delay } from "../../../shared/backoff.ts";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import { forever } from "../../support/forever.ts";
import { Service } from "../../support/service.ts";
import { Loads } from "./loads.ts";
import { type Sample, SAMPLE_HEAD, takeSample, writeSample } from "./samples.ts";
import { slope } from "./slope.ts";

const POOL_SIZE = 4;
const SAMPLE_EVERY_MS = 5000;
/** Number of samples from one printed line to the next. */
const PRINTED = 6;
/** Share of the run, at its beginning, in which memory and open files may grow. */
const WARM_UP = 0.3;
/**
 * Megabytes by which the api's memory may grow per minute after the warm-up. Even without a leak
 * the heap varies by 15 MB in ten minutes. A leak of 64 KiB for every refused upload made the heap
 * grow by 5.5 MB a minute.
 */
const MAX_GROWTH_MB = 3;
/**
 * Number by which the api's open files may grow per minute. After a burst, idle connections stay
 * open for a while.
 */
const MAX_MORE_FILES = 2;
const EXPECTED = new Set(["200", "400", "408", "415", "422", "502", "503", "504", "aborted"]);

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) stop(`--minutes must be a number above 0: it is "${values.minutes}"`);
try {
  await Deno.stat(LOCAL_PATHS.recognition);
} catch {
  stop("The soak needs the models and the sample pictures: run `deno task setup` first");
}

const service = await Service.ready({
  POOL_SIZE: String(POOL_SIZE),
  QUEUE_LIMIT: "20",
  BODY_TIMEOUT_MS: "2000",
});
await service.untilFull(POOL_SIZE);
const minute = () => (performance.now() - started) / 60_000;
const isRunning = () => minute() < minutes;
const loads = await Loads.prepare(service, isRunning);
const started = performance.now();
const sampleNow = () => takeSample(service, minute(), loads.total);
const samples = [await sampleNow()];

console.log(SAMPLE_HEAD);
await Promise.all([loads.run(), keepSampling()]);
await service.untilFull(POOL_SIZE);
const last = await sampleNow();
samples.push(last);
console.log(writeSample(last));
const leftBehind = await endService();

const outcomes = [...loads.outcomes].sort().map(([outcome, times]) => `${outcome}: ${times}`);
console.log(`\nAnswers: ${outcomes.join(", ")}`);
const settled = samples.filter((sample) => sample.minute > minutes * WARM_UP);
const growthMb = perMinute(settled, ({ apiMb }) => apiMb);
const moreFiles = perMinute(settled, ({ files }) => files);
const growth = `${growthMb.toFixed(2)} MB and ${moreFiles.toFixed(1)} open files a minute`;
console.log(`After the warm-up, the api grows by ${growth}`);
const complaints = [
  growthMb > MAX_GROWTH_MB && "the api's memory grows",
  moreFiles > MAX_MORE_FILES && "the api's open files grow",
  last.processes !== 1 + POOL_SIZE && `${last.processes} processes at the end`,
  [...loads.outcomes.keys()].some((outcome) => !EXPECTED.has(outcome)) && "an unexpected answer",
  leftBehind,
].filter((complaint) => complaint !== false && complaint !== undefined);
console.log(`Verdict: ${complaints.length === 0 ? "nothing grows" : complaints.join("; ")}`);
Deno.exit(complaints.length === 0 ? 0 : 1);

async function keepSampling(): Promise<void> {
  for (; isRunning(); await delay(SAMPLE_EVERY_MS, forever())) {
    const sample = await sampleNow();
    samples.push(sample);
    if (samples.length % PRINTED === 1) console.log(writeSample(sample));
  }
}

function perMinute(samples: readonly Sample[], valueOf: (sample: Sample) => number): number {
  return slope(samples.map((sample) => [sample.minute, valueOf(sample)]));
}

/** Ends the service. Returns the error's message when the service does not end properly. */
async function endService(): Promise<string | undefined> {
  try {
    await service[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function stop(message: string): never {
  console.error(message);
  Deno.exit(2);
}
