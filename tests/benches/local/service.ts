/** Measures the time that the api adds to the worker's time, and the requests per second. */

import { Service } from "../../support/service.ts";
import { localModelPaths } from "../../../worker/commands/model_paths.ts";
import { loadModels } from "../../../worker/models.ts";
import { openBareNetworks } from "./bare_networks.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { GALLERY, largeGallery } from "./large_gallery.ts";
import { jpegRequest, openClient } from "./client.ts";
import { jpegOf } from "./pictures.ts";
import { median, quantile, timed } from "../timing.ts";

const USERS = 2000;
const CORES = navigator.hardwareConcurrency;
const ALONE = 150;
const LOAD_MS = 10_000;

/** Measures a service with 2,000 users. Each worker serves many requests. */
export async function measureService(): Promise<Finding[]> {
  const picture = await jpegOf(250, 250);
  const { models } = await loadModels({ ...localModelPaths(Deno.env), calibration: undefined });
  await using networks = await openBareNetworks(models);
  for (let i = 0; i < 20; i++) await networks.run();
  const networksMs: number[] = [];
  for (let i = 0; i < 60; i++) networksMs.push(await timed(() => networks.run()));

  await using gallery = await largeGallery(USERS);
  await using service = new Service({
    EMBEDDINGS_PATH: gallery.path(GALLERY),
    POOL_SIZE: String(CORES),
    REQUESTS_PER_WORKER: "1000000",
    LOG_LEVEL: "info",
  });
  await service.untilReady();
  await service.untilFull(CORES);
  await using client = openClient(service.url, [jpegRequest(picture)], 2 * CORES);
  const { ask } = client;

  for (let i = 0; i < 40; i++) await ask();
  const before = service.log.length;
  const aloneMs: number[] = [];
  for (let i = 0; i < ALONE; i++) aloneMs.push(await timed(ask));
  const workerMs = service.log.slice(before).map((line) => line["worker_ms"]).filter((ms) =>
    typeof ms === "number"
  );
  const overheadMs = median(aloneMs) - median(workerMs);

  const loadMs: number[] = [];
  const started = performance.now();
  await Promise.all(Array.from({ length: 2 * CORES }, async () => {
    while (performance.now() - started < LOAD_MS) loadMs.push(await timed(ask));
  }));
  const perSecond = loadMs.length / ((performance.now() - started) / 1000);
  const floorSeconds = median(networksMs) / 1000;
  return [
    {
      what: "the api's overhead over the worker's time, p50 (ms)",
      measured: overheadMs,
      budget: 3,
      bound: "at most",
      detail: `${digits(median(aloneMs))} ms at the client, ${
        digits(median(workerMs))
      } ms in the worker`,
    },
    {
      what: "time at the client ÷ the worker's time, p50",
      measured: median(aloneMs) / median(workerMs),
      budget: 1.15,
      bound: "at most",
      detail: "",
    },
    {
      what: "requests/s × networks alone ÷ cores",
      measured: perSecond * floorSeconds / CORES,
      budget: 0.65,
      bound: "at least",
      detail: `${digits(perSecond)}/s, p50 ${digits(median(loadMs))} ms, p99 ${
        digits(quantile(loadMs, 0.99))
      } ms; networks ${digits(floorSeconds * 1000)} ms; the client runs on the same ${CORES} cores`,
    },
  ];
}

if (import.meta.main) printFindings(await measureService());
