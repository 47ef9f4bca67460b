import { assert, assertEquals } from "@std/assert";
import { createApiMetrics } from "../../api/metrics.ts";
import { find, helmTest, render } from "../support/helm.ts";

/** What the alerts look back on. */
const WINDOW_S = 600;
/** An idle watch ends after it. */
const IDLE_WATCH_S = 30;
/** A watch that fails is tried again after it: a call's time limit and the longest backoff. */
const SLOWEST_RETRY_S = 5 + 10;

/** The names under which Prometheus knows the api's metrics. */
async function metricNames(): Promise<string[]> {
  const metrics = createApiMetrics();
  metrics.observePool(() => ({ free: 0, busy: 0, waiters: 0 }));
  const declared = (await metrics.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return [...declared].flatMap(([, name, type]) =>
    type === "histogram" ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name!]
  );
}

async function assertKnown(text: string): Promise<void> {
  const known = await metricNames();
  const used = text.match(/face_it_\w+/g) ?? [];
  assert(used.length > 0);
  for (const name of used) assert(known.includes(name), `The api has no metric ${name}`);
}

helmTest("the alerts ask for metrics that the api has", async () => {
  const objects = await render("--set", "monitoring.prometheusRule.enabled=true");
  const { spec } = find(objects, "PrometheusRule/face-it-api");
  const rules: { alert: string; expr: string }[] = spec.groups[0].rules;
  for (const { alert, expr } of rules) {
    await assertKnown(expr);
    assert(expr.includes('{namespace="face-it-api",service="face-it-api"'), alert);
  }
});

helmTest("a watch that is idle on each replica raises no alert, one that fails does", async () => {
  const objects = await render("--set", "monitoring.prometheusRule.enabled=true");
  const { spec } = find(objects, "PrometheusRule/face-it-api");
  const rules: { alert: string; expr: string }[] = spec.groups[0].rules;
  const { expr } = rules.find(({ alert }) => alert === "FaceItWatchRestarts")!;
  // Of each replica: a sum would grow with them.
  const match = /^increase\(face_it_pool_watch_restarts_total\{[^}]*\}\[10m\]\) > (\d+)$/.exec(
    expr,
  );
  assert(match !== null, expr);
  const threshold = Number(match[1]);
  assert(threshold >= 1.5 * WINDOW_S / IDLE_WATCH_S);
  assert(threshold <= 0.75 * WINDOW_S / SLOWEST_RETRY_S);
});

helmTest("the dashboard asks for metrics that the api has", async () => {
  const objects = await render("--set", "monitoring.dashboard.enabled=true");
  const dashboard = find(objects, "ConfigMap/face-it-dashboard")["data"]["face-it.json"];
  assertEquals(JSON.parse(dashboard).uid, "face-it");
  await assertKnown(dashboard);
});

helmTest("Prometheus finds the api by the labels and the port of its Service", async () => {
  const objects = await render("--set", "monitoring.serviceMonitor.enabled=true");
  const { spec } = find(objects, "ServiceMonitor/face-it-api");
  const service = find(objects, "Service/face-it-api");
  for (const [label, value] of Object.entries(spec.selector.matchLabels)) {
    assertEquals(service.metadata.labels?.[label], value);
  }
  assertEquals(spec.endpoints[0].port, service["spec"].ports[0].name);
});
