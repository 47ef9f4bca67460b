/** How long a worker process takes from its start until it is ready, and the memory it then has. */

import { localWorker } from "../../api/pool/process/local_worker.ts";
import { createWorkerLauncher } from "../../api/pool/process/worker_process.ts";
import { delay } from "../../shared/backoff.ts";
import { randomTokenKey } from "../../shared/http/worker_token.ts";
import { listProcesses } from "../support/service.ts";
import { digits, type Finding, printFindings } from "./budget.ts";
import { largeGallery } from "./large_gallery.ts";
import { median, timeInTurns } from "./timing.ts";

const RUNS = 12;
const USERS = 2000;
/** V8 gives back what it does not need after some seconds without work. */
const REST_MS = 5000;

/** Measures the start with the sample gallery, and the memory with 2,000 users. */
export async function measureWorkerStart(): Promise<Finding[]> {
  await using launched = new AsyncDisposableStack();
  const launch = (gallery?: string) => {
    const { env, readable } = localWorker({
      get: (name) => name === "EMBEDDINGS_PATH" && gallery ? gallery : Deno.env.get(name),
    });
    return createWorkerLauncher({
      env: { ...env, WORKER_TOKEN_KEYS: randomTokenKey() },
      readable,
      startTimeoutMs: 60_000,
    });
  };
  const startAndEnd = async () => {
    const worker = await launch()("bench", new AbortController().signal);
    worker.kill();
    return worker.ended;
  };
  const bareStart = () =>
    new Deno.Command(Deno.execPath(), { args: ["eval", "0"], stdout: "null" }).output();
  const starts = await timeInTurns(RUNS, startAndEnd, bareStart);

  const gallery = launched.use(await largeGallery(USERS));
  const largeMs: number[] = [];
  const memoryMb: number[] = [];
  for (let i = 0; i < 3; i++) {
    const started = performance.now();
    const worker = await launch(gallery.path)("bench", new AbortController().signal);
    largeMs.push(performance.now() - started);
    await delay(REST_MS, new AbortController().signal);
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

/** Resident set of the one worker that this process has. */
async function workerMb(): Promise<number> {
  const child = (await listProcesses()).find(({ parent, command }) =>
    parent === Deno.pid && command.includes("worker/main.ts")
  );
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", `${child!.pid}`] })
    .output();
  return Number(new TextDecoder().decode(stdout)) / 1000;
}

if (import.meta.main) printFindings(await measureWorkerStart());
