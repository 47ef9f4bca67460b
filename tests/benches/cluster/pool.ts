/**
 * The command `deno task bench:pool`: compares the time of a claim with the time that the API
 * server needs for a bare patch. Each replica of the api runs in a separate process. A fake kubelet
 * runs in this process.
 */

import { FakeKubelet, type PodTemplate } from "../../cluster/fake_kubelet.ts";
import { installPool } from "../../cluster/install_pool.ts";
import { eventually } from "../../support/eventually.ts";
import type { KubeObject } from "../../support/kubernetes.ts";
import { areMet } from "../../support/needs.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { median, type PairedTimes, quantile, timed } from "../timing.ts";
import { openReplica, type Replica } from "./replica_process.ts";

/** Number of claims, and of patches, that are timed one by one. A warm-up comes in addition. */
const TURNS = 200;
/** Number of claims, and of patches, that all replicas make in a block, and number of blocks. */
const BLOCK = 80, BLOCKS = 5;
/** Number of calls at the same time, divided among the replicas. */
const AT_ONCE = 16;
const REPLICAS = [1, 2, 5], FREE = [10, 100, 1000];
const FILL_TIMEOUT_MS = 600_000;

if (!areMet("helm", "cluster")) {
  console.error(
    "Needs helm, a cluster that this program may change (KUBECONFIG), and FACE_IT_TEST_CLUSTER=1",
  );
  Deno.exit(2);
}

await using installed = await installPool(0);
const { client, template, podsPath } = installed;
await using kubelet = new FakeKubelet(client, podsPath);

/** Pods for the bare patches. Their label differs from the workers', so that no pool sees them. */
const spare = {
  ...template,
  metadata: { ...template.metadata, labels: { ...template.metadata.labels, app: "spare" } },
};
const toPatch = {
  pods: podsPath,
  label: "app=spare,status=ready",
  owner: `/api/v1/namespaces/${installed.worker}/configmaps/${installed.ownerName}`,
};

/** Adds pods until `count` pods of a template are ready. The kubelet has then seen every claim. */
async function fill(template: PodTemplate, count: number): Promise<void> {
  const { app } = template.metadata.labels;
  const { items } = await client.call(
    "GET",
    `${podsPath}?labelSelector=app%3D${app}%2Cstatus%3Dready`,
  );
  await kubelet.add(count - items.length, template);
  const isReady = ({ metadata: { labels }, status }: KubeObject) =>
    labels.app === app && labels.status === "ready" && status.podIP !== undefined;
  await eventually(
    () => kubelet.pods.values().filter(isReady).toArray().length === count,
    `${count} pods are ready`,
    FILL_TIMEOUT_MS,
  );
}

async function openReplicas(count: number, stack: AsyncDisposableStack): Promise<Replica[]> {
  const options = { leaseMs: FILL_TIMEOUT_MS, queueLimit: BLOCK };
  const replicas = await Promise.all(
    Array.from({ length: count }, () => openReplica(installed, options)),
  );
  for (const replica of replicas) stack.use(replica);
  return replicas;
}

/** Makes each replica ready: it knows its pods to patch, and sees `free` free pods. */
async function prepare(replicas: readonly Replica[], free: number, patches: number) {
  await fill(template, free);
  await fill(spare, patches);
  for (const [nth, replica] of replicas.entries()) {
    await replica.send({ do: "prepare", ...toPatch, nth, of: replicas.length });
    await eventually(
      async () => await replica.send({ do: "count" }) === free,
      `a replica sees ${free} pods`,
      FILL_TIMEOUT_MS,
    );
  }
}

/** Makes one claim and one patch in turns, so that a slow machine slows both down. */
async function compareTimes(): Promise<Finding[]> {
  await using stack = new AsyncDisposableStack();
  const [replica] = await openReplicas(1, stack);
  const count = TURNS + TURNS / 10;
  await prepare([replica!], count, count);
  const { a, b }: PairedTimes = await replica!.send({ do: "turns", count: TURNS });
  await replica!.send({ do: "release" });
  const [p50, p99] = [0.5, 0.99].map((share) => {
    const [claim, patch] = [quantile(a, share), quantile(b, share)];
    return { ratio: claim / patch, text: `${digits(claim)} ms ÷ ${digits(patch)} ms` };
  });
  return [{
    what: "claim ÷ bare PATCH, p50",
    measured: p50!.ratio,
    budget: 1.3,
    bound: "at most",
    detail: `${p50!.text}; p99: ${p99!.text}`,
  }];
}

/** Compares the rates of claims and of bare patches that `count` replicas make together. */
async function compareRates(count: number, free: number): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const replicas = await openReplicas(count, stack);
  const each = { count: BLOCK / count, atOnce: Math.round(AT_ONCE / count) };
  const run = (action: "claim" | "patch") =>
    timed(() => Promise.all(replicas.map((replica) => replica.send({ do: action, ...each }))));
  const seconds = { claim: [] as number[], patch: [] as number[] };
  let lost = 0;
  // The first block opens the connections and does not count.
  for (let block = -1; block < BLOCKS; block++) {
    await prepare(replicas, free + BLOCK, BLOCK);
    const patch = await run("patch"), claim = await run("claim");
    const counts = await Promise.all(replicas.map((replica) => replica.send({ do: "release" })));
    if (block < 0) continue;
    seconds.claim.push(claim / 1000);
    seconds.patch.push(patch / 1000);
    lost += counts.reduce((sum, count) => sum + count);
  }
  const rates = [seconds.claim, seconds.patch].map((seconds) => digits(BLOCK / median(seconds)));
  return {
    what: `claims/s ÷ bare PATCHes/s, ${count} replicas, ${free} pods left free`,
    measured: median(seconds.patch.map((s, i) => s / seconds.claim[i]!)),
    budget: 0.8,
    bound: "at least",
    detail: `${rates[0]} ÷ ${rates[1]}; ${digits(lost / BLOCK / BLOCKS)} lost per claim`,
  };
}

printFindings(await compareTimes());
for (const free of FREE) {
  const findings: Finding[] = [];
  for (const count of REPLICAS) findings.push(await compareRates(count, free));
  printFindings(findings);
}
const claims = kubelet.claims();
printFindings([{
  what: "pods claimed twice",
  measured: claims.length - new Set(claims.map(({ uid }) => uid)).size,
  budget: 0,
  bound: "at most",
  detail: `${claims.length} claims and bare patches`,
}]);
