import { assert, assertEquals } from "@std/assert";
import { createApiMetrics } from "../../api/metrics.ts";
import { find, renderValues } from "../support/helm.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");

/** Renders the chart with all objects for monitoring. */
function renderMonitoring() {
  const labels = { a: "b" };
  return renderValues({
    monitoring: {
      serviceMonitor: { enabled: true, interval: "5s", labels },
      prometheusRule: { enabled: true, labels },
      dashboard: { enabled: true, labels },
    },
  });
}

/** Returns the names under which Prometheus stores the api's metrics. */
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

helmTest("the alerts read only metrics that this release's api has", async () => {
  const { spec } = find(await renderMonitoring(), "PrometheusRule/face-it-api");
  const rules: { alert: string; expr: string }[] = spec.groups[0].rules;
  for (const { alert, expr } of rules) {
    await assertKnown(expr);
    assert(expr.includes('{namespace="face-it-api",service="face-it-api"'), alert);
  }
});

helmTest("an alert watches the volume claim of the gallery", async () => {
  const objects = await renderMonitoring();
  const { spec } = find(objects, "PrometheusRule/face-it-api");
  const [rule] = spec.groups[1].rules;
  const set = find(objects, "StatefulSet/face-it-gallery");
  const claim = `${set.spec.volumeClaimTemplates[0].metadata.name}-${set.metadata.name}-0`;
  const selectors = [
    ...rule.expr.matchAll(/\{namespace="(.*?)",persistentvolumeclaim=~"(.*?)"\}/g),
  ];
  assertEquals(selectors.length, 2);
  for (const [, namespace, pattern] of selectors) {
    assertEquals(namespace, set.metadata.namespace);
    assert(new RegExp(`^${pattern}$`).test(claim), claim);
  }
});

helmTest("the dashboard reads only metrics that the api has", async () => {
  const dashboard = find(await renderMonitoring(), "ConfigMap/face-it-dashboard").data;
  assertEquals(JSON.parse(dashboard["face-it.json"]).uid, "face-it");
  await assertKnown(dashboard["face-it.json"]);
});

helmTest("Prometheus finds the api by the labels and the port of its Service", async () => {
  const objects = await renderMonitoring();
  const { spec } = find(objects, "ServiceMonitor/face-it-api");
  const service = find(objects, "Service/face-it-api");
  for (const [label, value] of Object.entries(spec.selector.matchLabels)) {
    assertEquals(service.metadata.labels?.[label], value);
  }
  assertEquals(spec.endpoints[0].port, service.spec.ports[0].name);
  assertEquals(spec.endpoints[0].interval, "5s");
});

helmTest("Prometheus and Grafana select the objects by the labels that are set", async () => {
  const objects = await renderMonitoring();
  for (
    const name of [
      "ServiceMonitor/face-it-api",
      "PrometheusRule/face-it-api",
      "ConfigMap/face-it-dashboard",
    ]
  ) assertEquals(find(objects, name).metadata.labels.a, "b", name);
});
