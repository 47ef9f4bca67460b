import { assert, assertEquals } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { eventually } from "../support/eventually.ts";
import { forever } from "../support/forever.ts";
import { needs } from "../support/needs.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import type { Service } from "../support/service.ts";
import { openReplicatedPool, PICTURE, type ReplicatedPool } from "./replicas.ts";
import type { InstalledPool } from "./install_pool.ts";

const PODS = 4;
/** Number of refilled pods that are timed. At most this number of requests may wait together. */
const REFILLED = 12;
/** Least number of answers, so that one in twenty of them is two answers. */
const MIN_ANSWERS = 40;
/** Enough time for `MIN_ANSWERS` answers, even when only two pods are refilled in three seconds. */
const ASKING_TIMEOUT_MS = 120_000;

const clusterTest = needs("helm", "cluster");

/** Requests that are sent at a steady pace. Disposing of it ends them, when a test fails. */
interface Asking extends AsyncDisposable {
  /** Number of answers so far. */
  readonly answered: number;
  /** Sends no more requests, and returns all answers. */
  stop(): Promise<Answer[]>;
}

/** Sends a request every `intervalMs`. */
function startAsking(replica: Service, intervalMs: number): Asking {
  const stop = new AbortController();
  const answers: Promise<Answer>[] = [];
  let answered = 0;
  const ask = async () => {
    const answer = await replica.post(PICTURE);
    answered++;
    return answer;
  };
  const asking = (async () => {
    while (!stop.signal.aborted) {
      const answer = ask();
      // The failure of one is reported when all are waited for.
      answer.catch(() => {});
      answers.push(answer);
      await delay(intervalMs, forever());
    }
  })();
  const end = async () => {
    stop.abort();
    await asking;
    return await Promise.allSettled(answers);
  };
  return {
    get answered() {
      return answered;
    },
    async stop() {
      await end();
      return await Promise.all(answers);
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}

/** Does what `kubectl rollout restart` does. */
async function restart({ client, release, worker }: InstalledPool): Promise<void> {
  const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
  const template = { metadata: { annotations } };
  await client.patch("Deployment", `${release}-worker`, worker, { spec: { template } });
}

async function untilFull(replica: Service): Promise<void> {
  await eventually(
    async () => await replica.metric("face_it_pool_free") === PODS,
    "the pool is full",
  );
}

/**
 * Measures how fast pods are refilled. Returns an interval for requests that use a third of them. The
 * controllers refill the first pods faster than the following ones: their calls have a budget.
 */
async function measureInterval(pool: ReplicatedPool): Promise<number> {
  // Measure with another replica, because the tested replica may have a short queue.
  const replica = await pool.start();
  await untilFull(replica);
  const began = performance.now();
  // The free pods serve the first requests. The other requests wait for refilled pods.
  const answers = await Promise.all(
    Array.from({ length: PODS + REFILLED }, () => replica.post(PICTURE)),
  );
  const refilled = answers.filter(({ status }) => status === 200).length - PODS;
  assert(refilled > 0, "No pod was refilled while requests waited");
  const intervalMs = 3 * (performance.now() - began) / refilled;
  await untilFull(replica);
  await replica.stop();
  return intervalMs;
}

function assertServedOrRefused(answers: readonly Answer[]): void {
  for (const answer of answers) {
    if (answer.status === 200) continue;
    assertProblem(answer, "no_worker_available");
    assert(Number(answer.headers.get("Retry-After")) >= 1);
  }
}

function assertMostServed(answers: readonly Answer[]): void {
  assertServedOrRefused(answers);
  const others = answers.filter(({ status }) => status !== 200).length;
  assert(others <= answers.length * 0.05, `${others} of ${answers.length}`);
}

/** Waits until there are `MIN_ANSWERS` answers, and pods have served ten more requests. */
async function untilEnough(asking: Asking, { kubelet }: ReplicatedPool): Promise<void> {
  const served = kubelet.requests.size;
  await eventually(
    () => asking.answered >= MIN_ANSWERS && kubelet.requests.size >= served + 10,
    "enough requests are answered",
    ASKING_TIMEOUT_MS,
  );
}

/** Registers a test in which `disturb` changes the Deployment while requests arrive. */
function underLoad(name: string, disturb: (pool: ReplicatedPool) => Promise<void>): void {
  clusterTest(`at most one request in twenty is refused during ${name} under load`, async () => {
    await using pool = await openReplicatedPool(PODS);
    const intervalMs = await measureInterval(pool);
    const replica = await pool.start();
    const before = pool.kubelet.requests.size;
    await using asking = startAsking(replica, intervalMs);
    await eventually(() => pool.kubelet.requests.size >= before + 2, "requests are served");
    await disturb(pool);
    await untilEnough(asking, pool);
    assertMostServed(await asking.stop());
    assert(pool.kubelet.requests.values().every((count) => count === 1));
    await eventually(
      () => pool.kubelet.pods.values().every((pod) => pod.metadata.labels.status === "ready"),
      "no claimed pod is left",
    );
    assertEquals(await replica.stop(), 0);
  });
}

underLoad("a rollout", async ({ installed, kubelet }) => {
  const before = new Set(kubelet.pods.keys());
  await restart(installed);
  await eventually(
    () => !kubelet.pods.keys().some((name) => before.has(name)),
    "no pod from before the rollout is left",
  );
});

underLoad("a scale-down to one pod and back", async ({ installed, kubelet }) => {
  const ready = () =>
    kubelet.pods.values().filter(({ metadata }) => metadata.labels.status === "ready").toArray();
  await installed.scale(1);
  await eventually(() => ready().length === 1, "one pod is left");
  await installed.scale(PODS);
  await eventually(() => ready().length === PODS, "all pods are back");
});

clusterTest(
  "while no node has room, the free pods serve and other requests are refused",
  async () => {
    await using pool = await openReplicatedPool(PODS);
    const { kubelet } = pool;
    const intervalMs = await measureInterval(pool);
    // With a queue of one, requests are refused before their deadline.
    const replica = await pool.start({ env: { QUEUE_LIMIT: "1" } });
    kubelet.cordon();
    const served = kubelet.requests.size;
    await using cordoned = startAsking(replica, 500);
    await eventually(
      async () => await replica.metric("face_it_pool_shed_total") >= 3,
      "requests are refused",
    );
    assertEquals(kubelet.requests.size, served + PODS);
    kubelet.uncordon();
    assertServedOrRefused(await cordoned.stop());
    await untilFull(replica);

    await using asking = startAsking(replica, intervalMs);
    await untilEnough(asking, pool);
    assertMostServed(await asking.stop());
    assert(kubelet.requests.values().every((count) => count === 1));
  },
);

clusterTest("a rollout also ends the workers that are kept for further requests", async () => {
  await using pool = await openReplicatedPool(PODS);
  const { kubelet, installed } = pool;
  const replica = await pool.start({ env: { REQUESTS_PER_WORKER: "50" } });
  const claimed = () =>
    kubelet.pods.values().filter(({ metadata }) => metadata.labels.status !== "ready").toArray();
  assertEquals((await replica.post(PICTURE)).status, 200);
  await eventually(() => claimed().length === 1, "a worker is claimed");
  assertEquals((await replica.post(PICTURE)).status, 200);
  assertEquals(kubelet.requests.values().toArray(), [2]);
  await restart(installed);
  await eventually(() => claimed().length === 0, "the kept worker is destroyed", 60_000);
});
