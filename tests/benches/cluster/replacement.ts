/** Measures the replacement of a pod on a real node, from the claim until the next pod may serve. */

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
  "the api's question",
] as const;
/** Step after a pod may serve. */
const STATUS = "later: readiness check and status";

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
  const statusMs: number[] = [];
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
    const reached = await moments(release, eventsOfNext());
    statusMs.push(reached.pop()! - reached.at(-1)!);
    all.push(gaps([claimed.at, ...reached]));
  }
  const totals = all.map((steps) => steps.reduce((sum, ms) => sum + ms));
  const row = (what: string, ms: number[]) => [what, `${median(ms)}`, `${quantile(ms, 0.9)}`];
  const rows = STEPS.map((step, i) => row(step, all.map((steps) => steps[i]!)));
  const head = [`step of ${times} replacements`, "p50 ms", "p90 ms"];
  rows.push(row("claim to a pod that may serve", totals), row(STATUS, statusMs));
  console.log(writeTable({ head, rows }));
}

/**
 * Returns the time at which a pod reached each step, from its events, its log and the logs of the api.
 * The last time is the one at which its status was Ready.
 */
async function moments(
  { api, release, worker }: Release,
  events: readonly PodEvent[],
): Promise<number[]> {
  const when = (reached: (event: PodEvent) => boolean) => {
    const event = events.find(reached);
    assert(event !== undefined);
    return event.at;
  };
  const { name } = events[0]!.pod.metadata;
  const replicas = `app.kubernetes.io/component=api,app.kubernetes.io/instance=${release}`;
  const [ofPod, ofApi] = await Promise.all([
    timesOf(`--namespace=${worker}`, name),
    timesOf(`--namespace=${api}`, `--selector=${replicas}`, "--tail=-1"),
  ]);
  const logged = (line: string) => {
    const [first] = ofPod(line);
    assert(first !== undefined, `The log of ${name} has no line with ${line}`);
    return first;
  };
  const ready = when(({ pod }) => isReady(pod));
  return [
    events[0]!.at,
    when(({ pod }) => pod.spec.nodeName !== undefined),
    when(({ pod }) => hasSandbox(pod)),
    logged('"listening"'),
    logged("worker ready"),
    Math.min(ready, ...ofApi("pod says that it is ready", `"${name}"`)),
    ready,
  ];
}

/** Reads logs. Returns a function that returns the times of the lines that have all of some texts. */
async function timesOf(...args: string[]): Promise<(...texts: string[]) => number[]> {
  const lines = (await kubectl("logs", "--timestamps", ...args)).split("\n");
  return (...texts) =>
    lines.filter((line) => texts.every((text) => line.includes(text)))
      .map((line) => Date.parse(line.slice(0, line.indexOf(" "))));
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
