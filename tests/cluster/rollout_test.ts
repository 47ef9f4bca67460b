import { assert, assertEquals } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { eventually } from "../eventually.ts";
import { type Answer, assertProblem, type Service } from "../integration/service.ts";
import { openReplicatedPool, PICTURE, type ReplicatedPool } from "./replicas.ts";
import { clusterTest } from "./test_cluster.ts";

const PODS = 4;
const forever = new AbortController().signal;

/** Asks again and again until it is told to stop, and says what it was answered. */
function startAsking(replica: Service): () => Promise<Answer[]> {
  const stop = new AbortController();
  const answers: Promise<Answer>[] = [];
  const asking = (async () => {
    while (!stop.signal.aborted) {
      answers.push(replica.post(PICTURE));
      // About half of what the controllers and this machine refill.
      await delay(500, forever);
    }
  })();
  return async () => {
    stop.abort();
    await asking;
    return await Promise.all(answers);
  };
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

/** Registers a test in which something happens to the Deployment while requests come. */
function underLoad(name: string, disturb: (pool: ReplicatedPool) => Promise<void>): void {
  clusterTest(`${name} under load costs at most one request in twenty`, async () => {
    await using pool = await openReplicatedPool(PODS);
    const replica = await pool.start();
    const stopAsking = startAsking(replica);
    await eventually(() => pool.kubelet.requests.size >= 2, "requests are served");
    await disturb(pool);
    const served = pool.kubelet.requests.size;
    await eventually(() => pool.kubelet.requests.size >= served + 10, "requests are served after");
    assertMostServed(await stopAsking());
    assert(pool.kubelet.requests.values().every((count) => count === 1));
    await eventually(
      () => pool.kubelet.pods.values().every((pod) => pod.metadata.labels.status === "ready"),
      "no claimed pod is left",
    );
    assertEquals(await replica.stop(), 0);
  });
}

underLoad("a rollout", async ({ installation, kubelet }) => {
  const before = new Set(kubelet.pods.keys());
  await installation.restart();
  await eventually(
    () => !kubelet.pods.keys().some((name) => before.has(name)),
    "no pod from before the rollout is left",
  );
});

underLoad("a scale-down to one pod and back", async ({ installation, kubelet }) => {
  const ready = () =>
    kubelet.pods.values().filter(({ metadata }) => metadata.labels.status === "ready").toArray();
  await installation.scale(1);
  await eventually(() => ready().length === 1, "one pod is left");
  await installation.scale(PODS);
  await eventually(() => ready().length === PODS, "all are back");
});

clusterTest("while no node takes a pod, what is free is served and the rest refused", async () => {
  await using pool = await openReplicatedPool(PODS);
  const { kubelet } = pool;
  // Nobody waits for so long that the request is over.
  const replica = await pool.start({ env: { QUEUE_LIMIT: "1" } });
  kubelet.cordon();
  const stopAskingCordoned = startAsking(replica);
  await eventually(async () => await replica.metric("face_it_pool_shed_total") >= 3, "it refuses");
  assertEquals(kubelet.requests.size, PODS);
  kubelet.uncordon();
  const answers = await stopAskingCordoned();
  assertServedOrRefused(answers);
  await eventually(async () => await replica.metric("face_it_pool_free") === PODS, "full again");

  const stopAsking = startAsking(replica);
  const served = kubelet.requests.size;
  await eventually(() => kubelet.requests.size >= served + 10, "requests are served after");
  assertMostServed(await stopAsking());
  assert(kubelet.requests.values().every((count) => count === 1));
});
