/**
 * The command `deno task bench:cluster`: measures the whole product on a real node. First it
 * measures how long the replacement of a pod takes. Then it measures how many requests per second
 * the service answers: with a fresh pod for each request, with a fresh process, and with workers that
 * serve 50 requests.
 */

import { median, quantile } from "../timing.ts";
import { measureBarePods, measureReplacement } from "./replacement.ts";
import { openRelease, type Release, SAMPLE_GALLERY } from "../../e2e/release.ts";
import { writeRow, writeTable } from "../../support/markdown_table.ts";
import { areMet } from "../../support/needs.ts";
import { sample } from "../../support/pictures.ts";

const POOL_SIZE = 4;
const LOAD_MS = 60_000;
const REPLACEMENTS = 20;
const CLIENTS = 2 * POOL_SIZE;
const HEAD = [
  "isolation",
  "requests per worker",
  "answers/s",
  "p50 ms",
  "p99 ms",
  "refused (503)",
  "failed",
  "workers left behind",
];

if (!areMet("helm", "node")) {
  console.error(
    "Needs helm, a cluster whose node has all images (KUBECONFIG), and FACE_IT_TEST_E2E=1",
  );
  Deno.exit(2);
}

const picture = await sample("user1_similar.png");
const memoryGib = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
console.log(`${navigator.hardwareConcurrency} cores, ${memoryGib} GiB`);
console.log("The client and the control plane run on the same cores");
console.log(`Pool of ${POOL_SIZE}, ${CLIENTS} clients\n`);

for (const gallery of ["the gallery service", "the workers"] as const) {
  await using release = await openRelease(
    ...gallery === "the workers" ? [SAMPLE_GALLERY] : [],
    "logLevel=debug",
    `poolSize=${POOL_SIZE}`,
  );
  await release.untilServing();
  console.log(`The gallery is in ${gallery}:`);
  await measureReplacement(release, picture, POOL_SIZE, REPLACEMENTS);
  const bareMs = await measureBarePods(release, REPLACEMENTS);
  console.log("\nReplacement of a bare pod of the same image, with the same volumes:");
  console.log(`${median(bareMs)} ms (p50), ${quantile(bareMs, 0.9)} ms (p90)\n`);
}

interface Tier {
  readonly isolation: "pod" | "process";
  readonly requestsPerWorker: number;
  /** Number of free pods. All tiers have as many free workers. */
  readonly pods: number;
}

const TIERS: readonly Tier[] = [
  { isolation: "pod", requestsPerWorker: 1, pods: POOL_SIZE },
  { isolation: "process", requestsPerWorker: 1, pods: 1 },
  { isolation: "pod", requestsPerWorker: 50, pods: POOL_SIZE },
];
const rates: number[] = [];

for (const tier of TIERS) {
  const { isolation, requestsPerWorker, pods } = tier;
  await using release = await openRelease(
    SAMPLE_GALLERY,
    "logLevel=debug",
    `poolSize=${pods}`,
    `isolation=${isolation}`,
    `processes.perPod=${POOL_SIZE}`,
    `requestsPerWorker=${requestsPerWorker}`,
  );
  await release.untilFull(pods);
  if (rates.length === 0) console.log(writeTable({ head: HEAD, rows: [] }));
  console.log(writeRow(await measureLoad(release, tier)));
}
console.log(`\nprocess ÷ pod: ${(rates[1]! / rates[0]!).toFixed(1)}`);

/** Measures the service under load. Returns the cells of a row below {@linkcode HEAD}. */
async function measureLoad(release: Release, { isolation, requestsPerWorker, pods }: Tier) {
  const started = performance.now();
  const isOver = () => performance.now() - started > LOAD_MS;
  const answeredMs: number[] = [];
  let refused = 0;
  const failed = new Map<number, number>();
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    while (!isOver()) {
      const sent = performance.now();
      const { status } = await release.post(picture);
      if (status === 200) answeredMs.push(performance.now() - sent);
      else if (status === 503) refused++;
      else failed.set(status, (failed.get(status) ?? 0) + 1);
    }
  }));
  const seconds = (performance.now() - started) / 1000;
  // Without replicas of the api, no worker is kept any longer: all of them must end.
  await release.upgrade(
    SAMPLE_GALLERY,
    `poolSize=${pods}`,
    `isolation=${isolation}`,
    "api.replicas=0",
  );
  rates.push(answeredMs.length / seconds);
  return [
    isolation,
    requestsPerWorker,
    (answeredMs.length / seconds).toFixed(1),
    Math.round(median(answeredMs)),
    Math.round(quantile(answeredMs, 0.99)),
    refused,
    [...failed].map(([status, times]) => `${times} × ${status}`).join(", ") || 0,
    await countLeftBehind(release, pods),
  ];
}

/** Waits until the claimed workers have ended. Returns the number of workers that remain. */
async function countLeftBehind(release: Release, pods: number): Promise<number> {
  try {
    await release.untilFull(pods);
    return 0;
  } catch {
    return (await release.workers()).length - pods;
  }
}
