/**
 * The whole product on a real node: load through its Service at REQUESTS_PER_WORKER 1 and 50, and
 * what a pod costs: `deno task bench:cluster`, with what the tests in tests/e2e need.
 */

import { median, quantile } from "../timing.ts";
import { measureBarePods, measureReplacement } from "./replacement.ts";
import { openRelease, type Release, SAMPLE_GALLERY } from "../../e2e/release.ts";
import { sample } from "../../support/pictures.ts";

const POOL_SIZE = 4;
const LOAD_MS = 60_000;
const REPLACEMENTS = 20;
const CLIENTS = 2 * POOL_SIZE;

if (Deno.env.get("FACE_IT_TEST_E2E") !== "1") {
  console.error("Set FACE_IT_TEST_E2E=1 and KUBECONFIG: see CONTRIBUTING.md");
  Deno.exit(1);
}

const picture = await sample("user1_similar.png");
console.log(
  `${navigator.hardwareConcurrency} cores, ${
    Math.round(Deno.systemMemoryInfo().total / 2 ** 30)
  } GiB; the ` +
    `client and the control plane run on them, too. Pool of ${POOL_SIZE}, ${CLIENTS} clients.\n`,
);
for (const requestsPerWorker of [1, 50]) {
  await using release = await openRelease(
    SAMPLE_GALLERY,
    "logLevel=debug",
    `poolSize=${POOL_SIZE}`,
    `requestsPerWorker=${requestsPerWorker}`,
  );
  await release.untilFull(POOL_SIZE);
  if (requestsPerWorker === 1) {
    await measureReplacement(release, picture, POOL_SIZE, REPLACEMENTS);
    const bareMs = await measureBarePods(release, REPLACEMENTS);
    console.log(
      `\nA bare pod of the same image is replaced in ${median(bareMs)} ms (p50), ` +
        `${
          quantile(bareMs, 0.9)
        } ms (p90)\n\n| requests per worker | answers/s | p50 ms | p99 ms ` +
        "| put off | failed | workers left behind |\n| --- | --- | --- | --- | --- | --- | --- |",
    );
    await release.untilFull(POOL_SIZE);
  }
  await load(release, requestsPerWorker);
}

async function load(release: Release, requestsPerWorker: number): Promise<void> {
  const started = performance.now();
  const over = () => performance.now() - started > LOAD_MS;
  const tookMs: number[] = [];
  let shed = 0;
  const failed = new Map<number, number>();
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    while (!over()) {
      const asked = performance.now();
      const { status } = await release.post(picture);
      if (status === 200) tookMs.push(performance.now() - asked);
      else if (status === 503) shed++;
      else failed.set(status, (failed.get(status) ?? 0) + 1);
    }
  }));
  const seconds = (performance.now() - started) / 1000;
  // Kept workers end with the replicas that hold them.
  await release.upgrade(SAMPLE_GALLERY, `poolSize=${POOL_SIZE}`, "api.replicas=0");
  const left = await leftBehind(release);
  const cells = [
    requestsPerWorker,
    (tookMs.length / seconds).toFixed(1),
    Math.round(median(tookMs)),
    Math.round(quantile(tookMs, 0.99)),
    shed,
    [...failed].map(([status, times]) => `${times} × ${status}`).join(", ") || 0,
    left,
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

/** Workers beside the Deployment's own, once all had time to go. */
async function leftBehind(release: Release): Promise<number> {
  try {
    await release.untilFull(POOL_SIZE);
    return 0;
  } catch {
    return (await release.workers()).length - POOL_SIZE;
  }
}
