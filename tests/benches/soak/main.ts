/**
 * Ten minutes of everything at once against the real service, its memory, processes and open files
 * sampled: `deno task soak [--minutes N]`. Exits 1 when something grows, hangs or stays behind.
 */

import { parseArgs } from "node:util";
import sharp from "sharp";
import { delay } from "../../../shared/backoff.ts";
import { encoded, gray, type Picture, sample } from "../../support/pictures.ts";
import { Service } from "../../support/service.ts";
import { openFiles, residentBytes } from "../../support/process_facts.ts";
import { RawConnection } from "../../support/raw_http.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { slope } from "./slope.ts";

const POOL_SIZE = 4;
const SAMPLE_EVERY_MS = 5000;
/** The first part of the run, in which memory may still grow. */
const WARM_UP = 0.3;
/**
 * What the api's memory may grow by in a minute after that, in MB. In ten minutes a heap that is
 * flat wanders by 15; 64 KiB that were lost with every refused upload made 5.5 a minute.
 */
const MAX_GROWTH_MB = 3;
/** By how many the api's open files may grow in a minute; bursts leave idle connections a while. */
const MAX_MORE_FILES = 2;
const DOCUMENTED = new Set([200, 400, 408, 415, 422, 502, 503, 504]);

interface Sample {
  readonly minute: number;
  readonly apiMb: number;
  readonly largestWorkerMb: number;
  readonly processes: number;
  readonly files: number;
  readonly answers: number;
}

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new RangeError("--minutes needs a number above 0");
const random = seededRandom(1);

const service = await Service.ready({
  POOL_SIZE: String(POOL_SIZE),
  QUEUE_LIMIT: "20",
  BODY_TIMEOUT_MS: "2000",
});
await service.untilFull(POOL_SIZE);
const pictures = await loadPictures();
const statuses = new Map<string, number>();
const started = performance.now();
const minute = () => (performance.now() - started) / 60_000;
const samples = [await takeSample()];
const running = () => minute() < minutes;
const pause = (ms: number) => delay(ms * (0.5 + random()), new AbortController().signal);
const count = (what: string) => void statuses.set(what, (statuses.get(what) ?? 0) + 1);

console.log("minute  api MB  worker MB  processes  files  answers");
const loads = [steady, steady, bursts, slowUploads, abortedUploads, killedWorkers, watch];
await Promise.all(loads.map((load) => load()));
await service.untilFull(POOL_SIZE);
samples.push(await takeSample());
const left = await finish();

const table = [...statuses].sort().map(([what, times]) => `${what}: ${times}`).join(", ");
console.log(`\nAnswers: ${table}`);
const settled = samples.filter((sample) => sample.minute > minutes * WARM_UP);
const growth = slope(settled.map(({ minute, apiMb }) => [minute, apiMb]));
const moreFiles = slope(settled.map(({ minute, files }) => [minute, files]));
const last = samples.at(-1)!;
const complaints = [
  growth > MAX_GROWTH_MB && `the api's memory grows by ${growth.toFixed(2)} MB a minute`,
  last.processes !== 1 + POOL_SIZE && `${last.processes} processes at the end`,
  moreFiles > MAX_MORE_FILES && `${moreFiles.toFixed(1)} more open files a minute`,
  [...statuses.keys()].some((what) => !DOCUMENTED.has(Number(what)) && what !== "aborted") &&
  "an answer that should not be",
  left,
].filter((complaint) => complaint !== false && complaint !== undefined);
console.log(
  `After warm-up the api grows by ${growth.toFixed(2)} MB and ${
    moreFiles.toFixed(1)
  } files a minute`,
);
console.log(complaints.length === 0 ? "Verdict: flat" : `Verdict: ${complaints.join("; ")}`);
Deno.exit(complaints.length === 0 ? 0 : 1);

async function loadPictures(): Promise<Picture[]> {
  const known = await Promise.all(
    ["user1_similar.png", "user2.png", "different.png", "user3.png"].map(sample),
  );
  const large = await encoded(sharp(known[0]).resize(3000, 3200).jpeg());
  const text = new TextEncoder().encode("This is no picture at all");
  return [...known, large, known[0]!.slice(0, 20_000), await gray(300, 300), text];
}

async function ask(): Promise<void> {
  const picture = pictures[Math.floor(random() * pictures.length)]!;
  const { status } = await service.post(picture);
  count(String(status));
}

/** One client after another. */
async function steady(): Promise<void> {
  for (; running(); await pause(400)) await ask();
}

/** More at once than there is room for. */
async function bursts(): Promise<void> {
  for (; running(); await pause(20_000)) await Promise.all(Array.from({ length: 30 }, ask));
}

/** Bodies that stall until they are refused. */
async function slowUploads(): Promise<void> {
  for (; running(); await pause(3000)) {
    await Promise.all(Array.from({ length: 10 }, async () => {
      using connection = await RawConnection.open(service.url);
      await connection.send(head(1_000_000), pictures[0]!.subarray(0, 5000));
      count(String((await connection.answer())?.status));
    }));
  }
}

/** Clients that hang up amid a megabyte. */
async function abortedUploads(): Promise<void> {
  const body = new Uint8Array(1_000_000);
  for (; running(); await pause(500)) {
    using connection = await RawConnection.open(service.url);
    await connection.send(head(body.byteLength), body.subarray(1));
    count("aborted");
  }
}

function head(bytes: number): string {
  return `POST /authenticate HTTP/1.1\r\nHost: face-it.test\r\nContent-Length: ${bytes}\r\n\r\n`;
}

async function killedWorkers(): Promise<void> {
  for (; running(); await pause(7000)) {
    const workers = await service.workers();
    const worker = workers[Math.floor(random() * workers.length)];
    try {
      if (worker !== undefined) Deno.kill(worker, "SIGKILL");
    } catch (error) {
      // It was gone before.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function watch(): Promise<void> {
  for (; running(); await delay(SAMPLE_EVERY_MS, new AbortController().signal)) {
    samples.push(await takeSample());
    if (samples.length % 6 === 1) print(samples.at(-1)!);
  }
}

async function takeSample(): Promise<Sample> {
  const workers = await service.workers();
  // A worker may end between being listed and being looked at.
  const sizes = await Promise.all(workers.map((pid) => residentBytes(pid).catch(() => 0)));
  return {
    minute: minute(),
    apiMb: await residentBytes(service.pid) / 1e6,
    largestWorkerMb: Math.max(0, ...sizes) / 1e6,
    processes: (await service.processes()).length,
    files: await openFiles(service.pid),
    answers: [...statuses.values()].reduce((sum, times) => sum + times, 0),
  };
}

function print(sample: Sample): void {
  const columns = [
    sample.minute.toFixed(1).padStart(6),
    sample.apiMb.toFixed(0).padStart(6),
    sample.largestWorkerMb.toFixed(0).padStart(9),
    String(sample.processes).padStart(9),
    String(sample.files).padStart(5),
    String(sample.answers).padStart(7),
  ];
  console.log(columns.join("  "));
}

/** Ends the service; what is wrong with how it ended. */
async function finish(): Promise<string | undefined> {
  print(samples.at(-1)!);
  try {
    await service[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
