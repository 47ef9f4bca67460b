/** From a claim to the replacement's readiness on a real node, and what passes in between. */

import { assert } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { kubectl } from "../support/kubectl.ts";
import { isFree, isReady, type Release } from "../e2e/release.ts";
import { type PodEvent, watchWorkers } from "../e2e/watch_workers.ts";
import { eventually } from "../support/eventually.ts";
import { median, quantile } from "./timing.ts";

/** Milliseconds of each part, in order. */
const PARTS = [
  "the ReplicaSet makes a pod",
  "scheduling",
  "sandbox and volumes",
  "container and Deno start, modules load",
  "models and gallery load, first run",
  "probe and status",
] as const;

/**
 * Claims one worker after the other while the pool is full, and prints the parts of what each
 * replacement took.
 *
 * @param release Logs at level debug
 * @returns Median milliseconds from claim to Ready
 */
export async function measureReplacement(
  release: Release,
  picture: Uint8Array,
  poolSize: number,
  times: number,
): Promise<number> {
  await using watched = await watchWorkers(release.worker);
  const all: number[][] = [];
  for (let i = 0; i < times; i++) {
    await release.untilFull(poolSize);
    await anyMoment();
    const from = watched.events.length;
    const known = new Set(watched.events.map(({ pod }) => pod.metadata.uid));
    await release.post(picture);
    const since = () => watched.events.slice(from);
    const ofNext = () => since().filter(({ pod }) => !known.has(pod.metadata.uid));
    await eventually(() => ofNext().some(({ pod }) => isFree(pod)), "the replacement is Ready");
    const claimed = since().find(({ pod }) => pod.metadata.labels.status === "busy");
    assert(claimed !== undefined);
    all.push(gaps([claimed.at, ...await moments(release, ofNext())]));
  }
  const totals = all.map((parts) => parts.reduce((sum, ms) => sum + ms));
  console.log(`| part of ${times} replacements | p50 ms | p90 ms |\n| --- | --- | --- |`);
  const row = (what: string, ms: number[]) =>
    console.log(`| ${what} | ${median(ms)} | ${quantile(ms, 0.9)} |`);
  for (const [i, part] of PARTS.entries()) row(part, all.map((parts) => parts[i]!));
  row("claim to Ready", totals);
  return median(totals);
}

/** When a pod reached each step, as the API server and the worker's log tell it. */
async function moments({ worker }: Release, events: readonly PodEvent[]): Promise<number[]> {
  const when = (reached: (event: PodEvent) => boolean) => {
    const event = events.find(reached);
    assert(event !== undefined);
    return event.at;
  };
  const { name } = events[0]!.pod.metadata;
  const text = await kubectl("logs", name, `--namespace=${worker}`, "--timestamps");
  const logged = (line: string) => {
    const found = text.split("\n").find((logged) => logged.includes(line));
    assert(found !== undefined, `${name} has not logged ${line}`);
    return Date.parse(found.slice(0, found.indexOf(" ")));
  };
  return [
    events[0]!.at,
    when(({ pod }) => pod.spec.nodeName !== undefined),
    when(({ pod }) => hasSandbox(pod)),
    logged('"listening"'),
    logged("worker ready"),
    when(({ pod }) => isReady(pod)),
  ];
}

// deno-lint-ignore no-explicit-any -- a pod, as the API server sends it
function hasSandbox({ status }: any): boolean {
  const conditions: { type: string; status: string }[] = status.conditions ?? [];
  return conditions.some(({ type, status }) =>
    type === "PodReadyToStartContainers" && status === "True"
  );
}

/** Pods that follow on each other would all meet the kubelet at the same point of its second. */
function anyMoment(): Promise<void> {
  return delay(1000 * Math.random(), new AbortController().signal);
}

function gaps(moments: readonly number[]): number[] {
  return moments.slice(1).map((moment, i) => moment - moments[i]!);
}

/**
 * Replaces pods of the worker's image that only sleep: what the cluster itself takes.
 *
 * @returns Milliseconds from the deletion of each to the readiness of the next
 */
export async function measureBarePods({ client, release, worker }: Release, times: number) {
  const deployment = (await client.get("Deployment", `${release}-worker`, worker))!;
  const { template } = deployment["spec"];
  const labels = { app: "bare" };
  const [{ readinessProbe: _, livenessProbe: __, ...container }] = template.spec.containers;
  const bare = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "bare", namespace: worker },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...template.spec,
          terminationGracePeriodSeconds: 1,
          containers: [{ ...container, command: ["sleep", "1000000"] }],
        },
      },
    },
  };
  await client.create(bare);
  await using watched = await watchWorkers(worker, "app=bare");
  const known = new Set<string>();
  /** The first event that shows another pod Ready. */
  const next = ({ pod }: PodEvent) => isReady(pod) && !known.has(pod.metadata.uid);
  const tookMs: number[] = [];
  let { pod: last } = await watched.until("a bare pod", next);
  for (let i = 0; i < times; i++) {
    for (const { pod } of watched.events) known.add(pod.metadata.uid);
    await anyMoment();
    const started = Date.now();
    await client.delete("Pod", last.metadata.name, worker);
    const { pod, at } = await watched.until("its replacement", next);
    tookMs.push(at - started);
    last = pod;
  }
  await client.delete("Deployment", "bare", worker);
  return tookMs;
}
