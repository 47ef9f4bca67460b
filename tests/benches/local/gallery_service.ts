/** Measures what the gallery service adds to a request, beside workers that hold the gallery. */

import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { cpuMs } from "../../support/process_facts.ts";
import { runCommand } from "../../support/run_command.ts";
import { UNLIMITED_TRIES } from "../../support/gallery_service.ts";
import { Service } from "../../support/service.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { median, ratioOf, timed } from "../timing.ts";
import { GALLERY, largeGallery } from "./large_gallery.ts";
import { openClient } from "./client.ts";
import { jpegOf } from "./pictures.ts";

const USERS = 2000;
const CORES = navigator.hardwareConcurrency;
const ROUNDS = 8;
const ALONE = 40;
const TOGETHER = 150;
const ENV = { POOL_SIZE: String(CORES), REQUESTS_PER_WORKER: "1000000", LOG_LEVEL: "info" };
/**
 * The throughput with the gallery service may be 1.15 where it is 1.3 with the gallery in workers,
 * both divided by that of the same reference.
 */
const BUDGET = 1.13;

/** Milliseconds that one request of a round took. */
interface Round {
  /** Time of a request at the client when no other one is served; the median. */
  readonly aloneMs: number;
  /** Time between two answers when all cores are busy. */
  readonly busyMs: number;
  /** CPU time of all processes of the service, when all cores are busy. */
  readonly cpuMs: number;
}

/** Measures both in turns, with the same picture and the same 2,000 users. */
export async function measureGalleryService(): Promise<Finding[]> {
  const picture = await jpegOf(250, 250);
  await using file = await largeGallery(USERS);
  await using data = await temporaryFolder();
  const model = await sha256(await Deno.readFile(LOCAL_PATHS.recognition));
  const imported = await runCommand(
    "gallery/commands/main.ts",
    ["import", "--model", model, file.path(GALLERY)],
    { env: { DATA_DIR: data.path("data") }, permissions: "gallery-command" },
  );
  if (imported.code !== 0) throw new Error(imported.err);
  await using held = await Service.ready({ ...ENV, EMBEDDINGS_PATH: file.path(GALLERY) });
  await using served = await Service.ready({
    ...ENV,
    ...UNLIMITED_TRIES,
    DATA_DIR: data.path("data"),
  });
  const rounds = { a: [] as Round[], b: [] as Round[] };
  for (let i = -1; i < ROUNDS; i++) {
    const [a, b] = [await measure(served, picture), await measure(held, picture)];
    // The first round is a warm-up.
    if (i < 0) continue;
    rounds.a.push(a);
    rounds.b.push(b);
  }
  const compare = (what: string, figure: keyof Round): Finding => {
    const [a, b] = [rounds.a, rounds.b].map((all) => all.map((round) => round[figure]));
    return {
      what: `${what}, gallery service ÷ gallery in workers`,
      measured: ratioOf({ a: a!, b: b! }),
      budget: BUDGET,
      bound: "at most",
      detail: `${digits(median(a!))} ms ÷ ${digits(median(b!))} ms`,
    };
  };
  return [
    compare("CPU of a request", "cpuMs"),
    compare("a request alone, p50", "aloneMs"),
    compare("time for each request under load", "busyMs"),
  ];
}

async function measure(service: Service, picture: Uint8Array): Promise<Round> {
  await using client = openClient(service.url, picture, 2 * CORES);
  const { ask } = client;
  const alone: number[] = [];
  for (let i = 0; i < ALONE; i++) alone.push(await timed(ask));
  const family = await service.processes();
  const usedMs = async () =>
    (await Promise.all(family.map(({ pid }) => cpuMs(pid)))).reduce((sum, ms) => sum + ms);
  const before = await usedMs();
  let left = TOGETHER;
  const busyMs = await timed(() =>
    Promise.all(Array.from({ length: 2 * CORES }, async () => {
      while (left-- > 0) await ask();
    }))
  );
  return {
    aloneMs: median(alone),
    busyMs: busyMs / TOGETHER,
    cpuMs: (await usedMs() - before) / TOGETHER,
  };
}

if (import.meta.main) printFindings(await measureGalleryService());
