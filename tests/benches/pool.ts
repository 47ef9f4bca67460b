/**
 * What a claim costs, beside what the API server itself takes: `deno task bench:pool`, with KUBECONFIG
 * naming a cluster that it may play with. Each replica is a process; this one plays the kubelet.
 */

import { fileURLToPath } from "node:url";
import type { KubeObject } from "../support/kubernetes.ts";
import { FakeKubelet, type PodTemplate } from "../cluster/fake_kubelet.ts";
import { installPool } from "../cluster/install_pool.ts";
import { eventually } from "../support/eventually.ts";
import { digits, type Finding, printFindings } from "./budget.ts";
import type { Command } from "./pool_replica.ts";
import { median, type PairedTimes, quantile, timed } from "./timing.ts";

/** Claims, and as many patches, that are timed one by one, after a tenth as warm-up. */
const TURNS = 200;
/** Claims of all replicas together, and then as many patches, that are timed together; how often. */
const BLOCK = 80, BLOCKS = 5;
/** Calls at once, of all replicas together; each has as many. */
const AT_ONCE = 16;
const REPLICAS = [1, 2, 5], FREE = [10, 100, 1000];
const FILL_TIMEOUT_MS = 600_000;

if (Deno.env.get("FACE_IT_TEST_CLUSTER") !== "1") {
  console.error("Set FACE_IT_TEST_CLUSTER=1 and KUBECONFIG to a cluster that may be played with");
  Deno.exit(1);
}

await using installed = await installPool(0);
const { client, template, podsPath } = installed;
await using kubelet = new FakeKubelet(client, podsPath);

/** Like the workers, and no pool sees them: these are patched without one. */
const spare = {
  ...template,
  metadata: { ...template.metadata, labels: { ...template.metadata.labels, app: "spare" } },
};
const toPatch = {
  pods: podsPath,
  label: "app=spare,status=ready",
  owner: `/api/v1/namespaces/${installed.worker}/configmaps/${installed.ownerName}`,
};

/** Sees to it that so many pods of a kind are ready, and no claim of one is still to be seen. */
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

/** A process that does as it is told. */
interface Replica extends AsyncDisposable {
  // deno-lint-ignore no-explicit-any
  tell(command: Command): Promise<any>;
}

async function openReplica(): Promise<Replica> {
  const folder = await Deno.makeTempDir();
  const kubeconfig = `${folder}/kubeconfig`, keys = `${folder}/keys`;
  await Deno.writeTextFile(kubeconfig, (await installed.accountConfig()).exportConfig());
  await Deno.writeTextFile(keys, installed.tokenKeyFile);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=test", fileURLToPath(new URL("pool_replica.ts", import.meta.url))],
    env: {
      ...installed.env,
      KUBECONFIG: kubeconfig,
      WORKER_TOKEN_KEYS_PATH: keys,
      LOG_LEVEL: "error",
      // No lease may end before its measurement has.
      REQUEST_TIMEOUT_MS: String(FILL_TIMEOUT_MS),
      QUEUE_LIMIT: String(BLOCK),
    },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async tell(command) {
      await input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
      while (!text.includes("\n")) {
        const { value, done } = await answers.read();
        if (done) throw new Error("A replica has ended");
        text += value;
      }
      const [line] = text.split("\n", 1);
      text = text.slice(line!.length + 1);
      return JSON.parse(line!);
    },
    async [Symbol.asyncDispose]() {
      await input.close();
      await child.status;
      await answers.cancel();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function openReplicas(count: number, stack: AsyncDisposableStack): Promise<Replica[]> {
  const replicas = await Promise.all(Array.from({ length: count }, openReplica));
  for (const replica of replicas) stack.use(replica);
  return replicas;
}

/** Lets replicas see so many free pods, and has them read which to patch. */
async function prepare(replicas: readonly Replica[], free: number, patches: number) {
  await fill(template, free);
  await fill(spare, patches);
  for (const [nth, replica] of replicas.entries()) {
    await replica.tell({ do: "prepare", ...toPatch, nth, of: replicas.length });
    await eventually(
      async () => await replica.tell({ do: "count" }) === free,
      `a replica sees ${free} pods`,
      FILL_TIMEOUT_MS,
    );
  }
}

/** Claims and patches in turns, one at a time, so that both meet the same weather. */
async function compareTimes(): Promise<Finding[]> {
  await using stack = new AsyncDisposableStack();
  const [replica] = await openReplicas(1, stack);
  const count = TURNS + TURNS / 10;
  await prepare([replica!], count, count);
  const { a, b }: PairedTimes = await replica!.tell({ do: "turns", count: TURNS });
  await replica!.tell({ do: "release" });
  const parts = [0.5, 0.99].map((share) => {
    const [claim, patch] = [quantile(a, share), quantile(b, share)];
    return { ratio: claim / patch, text: `${digits(claim)} ms ÷ ${digits(patch)} ms` };
  });
  return [{
    what: "claim ÷ raw PATCH, p50",
    measured: parts[0]!.ratio,
    budget: 1.3,
    bound: "at most",
    detail: `${parts[0]!.text}; p99: ${parts[1]!.text}`,
  }];
}

/** Claims of several replicas at once, and patches of as many processes, in turns. */
async function compareRates(count: number, free: number): Promise<Finding> {
  await using stack = new AsyncDisposableStack();
  const replicas = await openReplicas(count, stack);
  const each = { count: BLOCK / count, atOnce: Math.round(AT_ONCE / count) };
  const run = (act: "claim" | "patch") =>
    timed(() => Promise.all(replicas.map((replica) => replica.tell({ do: act, ...each }))));
  const seconds = { claim: [] as number[], patch: [] as number[] };
  let lost = 0;
  // The first opens the connections.
  for (let block = -1; block < BLOCKS; block++) {
    await prepare(replicas, free + BLOCK, BLOCK);
    const patch = await run("patch"), claim = await run("claim");
    const counts = await Promise.all(replicas.map((replica) => replica.tell({ do: "release" })));
    if (block < 0) continue;
    seconds.claim.push(claim / 1000);
    seconds.patch.push(patch / 1000);
    lost += counts.reduce((sum, count) => sum + count);
  }
  const rates = [seconds.claim, seconds.patch].map((seconds) => digits(BLOCK / median(seconds)));
  return {
    what: `claims/s ÷ raw PATCHes/s, ${count} replicas, ${free} pods left free`,
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
  detail: `${claims.length} claims and raw patches`,
}]);
