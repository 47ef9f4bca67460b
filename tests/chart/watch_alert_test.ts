// Runs the watch of the pods against an API server that fails in different ways. Counts the failures
// as the metric does, and checks whether the chart's alert fires.

import { assert, assertEquals } from "@std/assert";
import { FakePodApi, noAnswer } from "../../api/pool/kubernetes/api_server/fake_pod_api.ts";
import type { PodList } from "../../api/pool/kubernetes/api_server/pod_api.ts";
import { fakeServices } from "../../api/pool/kubernetes/fake_cluster.ts";
import { watchPods } from "../../api/pool/kubernetes/pod_watch.ts";
import { createApiMetrics } from "../../api/metrics.ts";
import { find, render } from "../support/helm.ts";
import { needs } from "../support/needs.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DURATION_MS = 40 * MINUTE_MS;
/** Default interval at which Prometheus evaluates a rule. */
const EVALUATION_MS = MINUTE_MS;

/** The numbers in the alert's rule. */
interface Alert {
  readonly threshold: number;
  readonly windowMs: number;
  /** Milliseconds for which the condition must hold before the alert fires. */
  readonly forMs: number;
}

async function readAlert(): Promise<Alert> {
  const objects = await render("--set", "monitoring.prometheusRule.enabled=true");
  const { spec } = find(objects, "PrometheusRule/face-it-api");
  const rules: { alert: string; expr: string; for: string }[] = spec.groups[0].rules;
  const rule = rules.find(({ alert }) => alert === "FaceItWatchRestarts")!;
  // The rule must look at each replica separately: a sum would grow with the number of replicas.
  const expr = /^increase\(face_it_pool_watch_restarts_total\{[^}]*\}\[(\d+)m\]\) > (\d+)$/
    .exec(rule.expr);
  const minutes = /^(\d+)m$/.exec(rule.for);
  assert(expr !== null && minutes !== null, JSON.stringify(rule));
  return {
    threshold: Number(expr[2]),
    windowMs: Number(expr[1]) * MINUTE_MS,
    forMs: Number(minutes[1]) * MINUTE_MS,
  };
}

/** True when the alert fires for a counter that is incremented at these times. */
function fires({ threshold, windowMs, forMs }: Alert, increments: readonly number[]): boolean {
  let since: number | undefined;
  for (let now = 0; now <= DURATION_MS; now += EVALUATION_MS) {
    const increase = increments.filter((at) => at > now - windowMs && at <= now).length;
    since = increase > threshold ? since ?? now : undefined;
    if (since !== undefined && now - since >= forMs) return true;
  }
  return false;
}

/** Behaviour of the API server when the watch calls it. */
interface Behaviour {
  /** Milliseconds that a watch stays open, or undefined when no call succeeds. */
  readonly openMs: (nowMs: number) => number | undefined;
  /** Error that ends an open watch. Without an error, the watch ends normally. */
  readonly error?: Error;
  /** Random part of each wait, 0 (shortest) to 1 (longest). */
  readonly random: number;
  /** True when a pod changes while the watch is open. */
  readonly isBusy?: boolean;
}

/** An API server that can be unreachable. */
class UnreliableApi extends FakePodApi {
  isUnreachable = false;

  override list(): Promise<PodList> {
    return this.isUnreachable ? Promise.reject(noAnswer(false)) : super.list();
  }

  override watch(...args: Parameters<FakePodApi["watch"]>): Promise<void> {
    return this.isUnreachable ? Promise.reject(noAnswer(false)) : super.watch(...args);
  }
}

/** Runs the real watch on a simulated clock. Returns the times when the metric is incremented. */
async function countRestarts(behaviour: Behaviour): Promise<number[]> {
  const api = new UnreliableApi();
  const stop = new AbortController();
  const increments: number[] = [];
  let now = 0;
  let endWait: (() => void) | undefined;
  const letFail = () => {
    api.isUnreachable = behaviour.openMs(now) === undefined;
  };
  letFail();
  const watching = watchPods({
    observer: { listed() {}, seen() {}, gone() {} },
    services: {
      ...fakeServices(api).services,
      metrics: { ...createApiMetrics().pool, watchRestart: () => increments.push(now) },
      random: () => behaviour.random,
      delay: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          now += ms;
          endWait = resolve;
        }),
    },
  }, stop.signal);
  while (now < DURATION_MS) {
    await new Promise((resolve) => setTimeout(resolve));
    if (endWait !== undefined) {
      letFail();
      endWait();
      endWait = undefined;
    } else {
      if (behaviour.isBusy) api.add(`at-${now}`);
      now += behaviour.openMs(now)!;
      api.cut(behaviour.error);
    }
  }
  stop.abort();
  endWait?.();
  await watching;
  return increments;
}

/** Ends the watch normally when nothing has changed for 30 s. This is not a failure. */
const IDLE: Behaviour = { openMs: () => 30 * SECOND_MS, random: 0 };

function breaksEvery(openMs: number, more: Partial<Behaviour> = {}): Behaviour {
  return { openMs: () => openMs, error: noAnswer(true), random: 1, ...more };
}

/** Returns the behaviour of an API server that is unreachable once, for `awayMs`. */
function restart(awayMs: number): Behaviour {
  const from = 5 * MINUTE_MS;
  return {
    openMs: (now) => {
      if (now < from) return from - now;
      return now < from + awayMs ? undefined : 5 * MINUTE_MS;
    },
    error: noAnswer(true),
    random: 0,
  };
}

for (
  const [what, behaviour, isExpected] of [
    ["an idle watch", IDLE, false],
    ["a busy watch", { ...IDLE, isBusy: true }, false],
    ["an API server that restarts within a minute", restart(MINUTE_MS), false],
    ["an API server that restarts within two minutes", restart(2 * MINUTE_MS), false],
    ["a busy watch that breaks every 25 s", breaksEvery(25 * SECOND_MS, { isBusy: true }), true],
    ["an idle watch that breaks every 25 s", breaksEvery(25 * SECOND_MS), true],
    ["a watch that breaks as soon as it opens", breaksEvery(0), true],
    ["an API server that stays unreachable", { openMs: () => undefined, random: 1 }, true],
  ] as const
) {
  needs("helm")(`${what} raises ${isExpected ? "the" : "no"} alert`, async () => {
    const increments = await countRestarts(behaviour);
    const alert = await readAlert();
    assertEquals(fires(alert, increments), isExpected, `${increments.length} restarts`);
  });
}

needs("helm")("calls that time out also raise the alert", async () => {
  // Each failure takes 5 s, and the longest wait after it takes 10 s.
  const slowest = Array.from({ length: DURATION_MS / (15 * SECOND_MS) }, (_, n) => 15_000 * n);
  assert(fires(await readAlert(), slowest));
});
