/** Measures the replacement of a pod on a real node, from the claim until the next pod is Ready. */

import { assert } from "@std/assert";
import { delay } from "../../../shared/backoff.ts";
import { kubectl } from "../../support/kubectl.ts";
import { isFree, isReady, type Release } from "../../e2e/release.ts";
import { type PodEvent, watchWorkers } from "../../e2e/watch_workers.ts";
import { eventually } from "../../support/eventually.ts";
import { forever } from "../../support/forever.ts";
import { writeTable } from "../../support/markdown_table.ts";
import { median, quantile } from "../timing.ts";

/** Names of the steps, in order. */
const STEPS = [
  "the ReplicaSet makes a pod",
  "scheduling",
  "sandbox and volumes",
  "container and Deno start, modules load",
  "models and gallery load, first run",
  "readiness check and status",
] as const;

/**
 * Claims one worker at a time, always from a full pool. Prints the time that each step of the
 * replacement takes.
 *
 * @param release Release that logs at level debug
 */
export async function measureReplacement(
  release: Release,
  picture: Uint8Array,
  poolSize: number,
  times: number,
): Promise<void> {
  await using watched = await watchWorkers(release.worker);
  const all: number[][] = [];
  for (let i = 0; i < times; i++) {
    await release.untilFull(poolSize);
    await waitAtRandom();
    const from = watched.events.length;
    const known = new Set(watched.events.map(({ pod }) => pod.metadata.uid));
    await release.post(picture);
    const since = () => watched.events.slice(from);
    const eventsOfNext = () => since().filter(({ pod }) => !known.has(pod.metadata.uid));
    await eventually(() => eventsOfNext().some(({ pod }) => isFree(pod)), "the next pod is Ready");
    const claimed = since().find(({ pod }) => pod.metadata.labels.status === "busy");
    assert(claimed !== undefined);
    all.push(gaps([claimed.at, ...await moments(release, eventsOfNext())]));
  }
  const totals = all.map((steps) => steps.reduce((sum, ms) => sum + ms));
  const row = (what: string, ms: number[]) => [what, `${median(ms)}`, `${quantile(ms, 0.9)}`];
  const rows = STEPS.map((step, i) => row(step, all.map((steps) => steps[i]!)));
  const head = [`step of ${times} replacements`, "p50 ms", "p90 ms"];
  console.log(writeTable({ head, rows: [...rows, row("claim to Ready", totals)] }));
}

/** Returns the time at which a pod reached each step, from its events and its log. */
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
    assert(found !== undefined, `The log of ${name} has no line with ${line}`);
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

/**
 * Waits for a random time of up to a second. The kubelet acts once a second. Without this wait,
 * each replacement would begin at the same time after an action of the kubelet.
 */
function waitAtRandom(): Promise<void> {
  return delay(1000 * Math.random(), forever());
}

function gaps(moments: readonly number[]): number[] {
  return moments.slice(1).map((moment, i) => moment - moments[i]!);
}

/**
 * Replaces pods that use the worker's image but only sleep. Their time is the cluster's part of a
 * replacement.
 *
 * @returns For each replacement, the milliseconds from a pod's deletion until the next pod is Ready
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
  /** Returns true for an event of a new pod that is Ready. */
  const next = ({ pod }: PodEvent) => isReady(pod) && !known.has(pod.metadata.uid);
  const tookMs: number[] = [];
  let { pod: last } = await watched.until("a bare pod", next);
  for (let i = 0; i < times; i++) {
    for (const { pod } of watched.events) known.add(pod.metadata.uid);
    await waitAtRandom();
    const started = Date.now();
    await client.delete("Pod", last.metadata.name, worker);
    const { pod, at } = await watched.until("the next pod", next);
    tookMs.push(at - started);
    last = pod;
  }
  await client.delete("Deployment", "bare", worker);
  return tookMs;
}
