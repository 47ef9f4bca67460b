/**
 * What a claim costs, beside what the API server itself takes: `deno task bench:pool`, with KUBECONFIG
 * naming a cluster that it may play with.
 */

import { Agent, request } from "undici";
import { createPodApi } from "../api/pool/kubernetes/client.ts";
import { KubernetesPool } from "../api/pool/kubernetes/kubernetes_pool.ts";
import { claimPatch } from "../api/pool/kubernetes/claim.ts";
import { readPod } from "../api/pool/kubernetes/pod.ts";
import type { WorkerPool } from "../api/pool/pool.ts";
import { delay } from "../shared/backoff.ts";
import { createLogger } from "../shared/log.ts";
import type { PoolMetrics } from "../shared/metrics.ts";
import { Admin, type Thing } from "../tests/cluster/admin.ts";
import { FakeKubelet } from "../tests/cluster/fake_kubelet.ts";
import { install, type Installation } from "../tests/cluster/installation.ts";
import { eventually } from "../tests/eventually.ts";

/** Claims of each measurement. */
const CLAIMS = 200;
/** Claims at once, of all replicas together. */
const CONCURRENCY = 16;
const FILL_TIMEOUT_MS = 600_000;

if (Deno.env.get("FACE_IT_TEST_CLUSTER") !== "1") {
  console.error("Set FACE_IT_TEST_CLUSTER=1 and KUBECONFIG to a cluster that may be played with");
  Deno.exit(1);
}

const now = () => performance.now();
const forever = new AbortController().signal;
const log = await createLogger({ level: "warn", format: "auto", service: "bench" });
await using admin = await Admin.connect();
await using installation = await install(admin, 0);
await using kubelet = new FakeKubelet(admin, installation.podsPath);
await using raw = rawClient(admin, installation);

/** Pods that were claimed or patched; what the watch says of them is a little late. */
const used = new Set<string>();

/** Pods that wait to be claimed or patched. */
function readyPods(): Thing[] {
  return kubelet.pods.values().filter(({ metadata, status }) =>
    !used.has(metadata.name) && status.podIP !== undefined
  ).toArray();
}

async function fill(free: number): Promise<void> {
  await kubelet.add(free - readyPods().length, installation.labels);
  await eventually(() => readyPods().length >= free, `${free} pods are ready`, FILL_TIMEOUT_MS);
}

/** A pool, and how many claims it lost. */
interface Replica extends AsyncDisposable {
  readonly pool: KubernetesPool;
  lost: number;
}

async function openReplica(id: number): Promise<Replica> {
  const counts = { lost: 0 };
  const metrics: PoolMetrics = {
    claimSeconds() {},
    waitSeconds() {},
    lostClaim: () => counts.lost++,
    shed() {},
    reaped() {},
    watchRestart() {},
    deleteFailure() {},
    apiFailure() {},
  };
  const api = await createPodApi({
    config: installation.config(),
    namespace: installation.namespace,
    selector: `app=${installation.labels["app"]}`,
    owner: installation.ownerName,
    onFailure: () => {},
    now,
  });
  const pool = new KubernetesPool({
    api,
    replica: `bench-${id}`,
    selector: installation.labels,
    ownerName: installation.ownerName,
    workerPort: kubelet.port,
    queueLimit: CLAIMS,
    requestsPerWorker: 1,
    requestTimeoutMs: 600_000,
    leaseMaxMs: 600_000,
    log,
    metrics,
    now,
    random: Math.random,
    newClaimId: () => crypto.randomUUID(),
    delay,
  });
  return Object.assign(counts, { pool, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() });
}

/** The same patch without a pool: one request over a connection that is kept open. */
function rawClient(admin: Admin, { token, podsPath, ownerName }: Installation) {
  const agent = new Agent({ allowH2: false, connect: { ca: admin.ca } });
  const owner = { name: ownerName, uid: crypto.randomUUID() };
  return {
    async patch(object: Thing): Promise<void> {
      const pod = readPod(object);
      used.add(pod.name);
      const claim = { id: crypto.randomUUID(), by: "raw", deadline: Date.now() + 600_000 };
      const { statusCode, body } = await request(`${admin.server}${podsPath}/${pod.name}`, {
        method: "PATCH",
        dispatcher: agent,
        headers: {
          "Authorization": `Bearer ${token}`,
          "Content-Type": "application/json-patch+json",
        },
        body: JSON.stringify(claimPatch(pod, claim, owner, Date.now())),
      });
      await body.json();
      if (statusCode !== 200) throw new Error(`A raw patch was answered with ${statusCode}`);
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

const quantile = (times: readonly number[], q: number) =>
  times.toSorted((a, b) => a - b)[Math.floor(q * times.length)]!;

async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = now();
  await act();
  return now() - started;
}

/** Does it as often as there are items, so many at once; how many a second. */
async function rate<T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<unknown>) {
  const left = [...items];
  const ms = await timed(() =>
    Promise.all(Array.from({ length: atOnce }, async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await act(item);
    }))
  );
  return items.length / ms * 1000;
}

/** Claims a worker for as long as the stack lives. */
async function claim(pool: WorkerPool, stack: AsyncDisposableStack): Promise<void> {
  const { worker } = stack.use(await pool.claim(forever));
  used.add(worker.name);
}

/** Claims and raw patches in turn, one at a time, so that both meet the same weather. */
async function compareTimes(): Promise<void> {
  await fill(2 * CLAIMS + 10);
  await using replica = await openReplica(0);
  await eventually(() => replica.pool.stats().free >= 2 * CLAIMS, "the pool sees the pods");
  await using stack = new AsyncDisposableStack();
  const claims: number[] = [], patches: number[] = [];
  for (let i = 0; i < CLAIMS; i++) {
    claims.push(await timed(() => claim(replica.pool, stack)));
    const [pod] = readyPods();
    patches.push(await timed(() => raw.patch(pod)));
  }
  for (const q of [0.5, 0.99]) {
    const claim = quantile(claims, q), patch = quantile(patches, q);
    console.log(
      `claim p${q * 100}: ${claim.toFixed(1)} ms, a raw patch ${patch.toFixed(1)} ms: ` +
        `${(claim / patch).toFixed(2)}`,
    );
  }
}

/** Claims of several replicas at once, with that many free pods left in the end. */
async function compareRates(replicas: number, free: number): Promise<void> {
  await fill(free + 2 * CLAIMS + CONCURRENCY);
  const patches = await rate(readyPods().slice(0, CLAIMS), CONCURRENCY, raw.patch);
  await using stack = new AsyncDisposableStack();
  const opened = await Promise.all(Array.from({ length: replicas }, (_, id) => openReplica(id)));
  for (const replica of opened) stack.use(replica);
  await eventually(
    () => opened.every(({ pool }) => pool.stats().free >= free + CLAIMS + CONCURRENCY),
    "the pools see the pods",
  );
  const turns = Array.from({ length: CLAIMS }, (_, i) => opened[i % replicas]!.pool);
  // Opens the connections.
  await Promise.all(turns.slice(0, CONCURRENCY).map((pool) => claim(pool, stack)));
  for (const replica of opened) replica.lost = 0;
  const claims = await rate(turns, CONCURRENCY, (pool) => claim(pool, stack));
  const lost = opened.reduce((sum, replica) => sum + replica.lost, 0);
  console.log(
    `${replicas} replicas, ${String(free).padStart(4)} pods left: ` +
      `${claims.toFixed(0).padStart(4)} claims/s, ${
        patches.toFixed(0).padStart(4)
      } raw patches/s: ` +
      `${(claims / patches).toFixed(2)}; ${(lost / CLAIMS).toFixed(3)} lost per claim`,
  );
}

await compareTimes();
for (const free of [10, 100, 1000]) {
  for (const replicas of [1, 2, 5]) await compareRates(replicas, free);
}
