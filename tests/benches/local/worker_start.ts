/** Measures the time that a worker process needs to become ready, and its memory afterwards. */

import { localWorker } from "../../../api/pool/process/local_worker.ts";
import { createWorkerLauncher } from "../../../shared/pool/process/worker_process.ts";
import { delay } from "../../../shared/backoff.ts";
import { fakeTokenKeys } from "../../../shared/http/fake_token_keys.ts";
import { forever } from "../../support/forever.ts";
import { residentBytes } from "../../support/process_facts.ts";
import { listProcesses } from "../../support/list_processes.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { GALLERY, largeGallery } from "./large_gallery.ts";
import { median, timeInTurns } from "../timing.ts";

const { publicPem: PUBLIC_KEYS } = fakeTokenKeys();
const RUNS = 12;
const USERS = 2000;
/** V8 frees unused memory after some seconds without work. */
const REST_MS = 5000;

/** Measures the start with the sample gallery, then the start and the memory with 2,000 users. */
export async function measureWorkerStart(): Promise<Finding[]> {
  const launch = (gallery?: string) => {
    const { env, readable } = localWorker({
      get: (name) => name === "EMBEDDINGS_PATH" && gallery ? gallery : Deno.env.get(name),
    });
    return createWorkerLauncher({
      env: { ...env, WORKER_TOKEN_PUBLIC_KEYS: PUBLIC_KEYS },
      readable,
      startTimeoutMs: 60_000,
    });
  };
  const startAndEnd = async () => {
    const worker = await launch()("bench", forever());
    worker.kill();
    return worker.ended;
  };
  const bareStart = () =>
    new Deno.Command(Deno.execPath(), { args: ["eval", "0"], stdout: "null" }).output();
  const starts = await timeInTurns(RUNS, startAndEnd, bareStart);

  await using gallery = await largeGallery(USERS);
  const largeMs: number[] = [];
  const memoryMb: number[] = [];
  for (let i = 0; i < 3; i++) {
    const started = performance.now();
    const worker = await launch(gallery.path(GALLERY))("bench", forever());
    largeMs.push(performance.now() - started);
    await delay(REST_MS, forever());
    memoryMb.push(await workerMb());
    worker.kill();
    await worker.ended;
  }
  return [
    {
      what: "worker process, start to ready (ms)",
      measured: median(starts.a),
      budget: 300,
      bound: "at most",
      detail: `Deno alone: ${digits(median(starts.b))} ms; with 2,000 users: ${
        digits(median(largeMs))
      } ms`,
    },
    {
      what: "worker's memory at rest, 2,000 users (MB)",
      measured: median(memoryMb),
      budget: 200,
      bound: "at most",
      detail: "resident set",
    },
  ];
}

/** Returns the resident set, in MB, of the only worker that this process runs. */
async function workerMb(): Promise<number> {
  const child = (await listProcesses()).find(({ parent, command }) =>
    parent === Deno.pid && command.includes("worker/main.ts")
  );
  return await residentBytes(child!.pid) / 1e6;
}

if (import.meta.main) printFindings(await measureWorkerStart());
