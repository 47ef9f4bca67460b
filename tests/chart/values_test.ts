import { assert, assertEquals } from "@std/assert";
import { readValues } from "../../charts/generate/chart_values.ts";
import { at, CHART, environment, find, helmTest, render } from "../support/helm.ts";

const API = "Deployment/face-it-api";
const WORKER = "Deployment/face-it-worker";
const POD = "spec.template.spec";

/** A value, what else must be set with it, and what it becomes where. */
type Case = [set: string, object: string, path: string, becomes: unknown];

const image = (part: "api" | "worker"): Case[] => {
  const object = part === "api" ? API : WORKER;
  const path = `${POD}.containers[${part}].image`;
  return [
    [
      `${part}.image.registry=example.org:5000`,
      object,
      path,
      `example.org:5000/face-it/${part}:0.1.0`,
    ],
    [`${part}.image.repository=ours/${part}`, object, path, `ours/${part}:0.1.0`],
    [`${part}.image.tag=edge`, object, path, `face-it/${part}:edge`],
    [
      `${part}.image.digest=sha256:${"0".repeat(64)}`,
      object,
      path,
      `face-it/${part}:0.1.0@sha256:${"0".repeat(64)}`,
    ],
    [
      `${part}.image.pullPolicy=Never`,
      object,
      `${POD}.containers[${part}].imagePullPolicy`,
      "Never",
    ],
  ];
};

const scheduling = (part: "api" | "worker"): Case[] => {
  const object = part === "api" ? API : WORKER;
  return [
    [`${part}.nodeSelector.disk=ssd`, object, `${POD}.nodeSelector.disk`, "ssd"],
    [`${part}.tolerations[0].key=gpu`, object, `${POD}.tolerations`, [{ key: "gpu" }]],
    [
      `${part}.affinity.podAffinity.x=y`,
      object,
      `${POD}.affinity`,
      { podAffinity: { x: "y" } },
    ],
    [
      `${part}.topologySpreadConstraints[0].topologyKey=rack`,
      object,
      `${POD}.topologySpreadConstraints`,
      [{ topologyKey: "rack" }],
    ],
    [`${part}.priorityClassName=high`, object, `${POD}.priorityClassName`, "high"],
    [
      `${part}.podAnnotations.team=doors`,
      object,
      "spec.template.metadata.annotations.team",
      "doors",
    ],
    [
      `${part}.resources.limits.memory=2Gi`,
      object,
      `${POD}.containers[${part}].resources.limits.memory`,
      "2Gi",
    ],
    [
      `${part}.maxUnavailable=3`,
      `PodDisruptionBudget/face-it-${part}`,
      "spec.maxUnavailable",
      3,
    ],
  ];
};

const SCALED = "api.autoscaling.enabled=true";
const INGRESS = "ingress.enabled=true,ingress.host=id.example.org";
const ROUTE = "httpRoute.enabled=true,httpRoute.parentRefs[0].name=public";
const NODE_PORT = "api.service.type=NodePort,";
const RUNTIME = "worker.runtimeClass.name=gvisor";
const MONITOR = "monitoring.serviceMonitor.enabled=true";
const RULE = "monitoring.prometheusRule.enabled=true";
const DASHBOARD = "monitoring.dashboard.enabled=true";

const CASES: Case[] = [
  ["poolSize=7", WORKER, "spec.replicas", 7],
  ["threshold=0.19", WORKER, "env.MATCH_THRESHOLD", "0.19"],
  ["threshold=1", WORKER, "env.MATCH_THRESHOLD", "1"],
  ["namespaces.api=front", "Service/face-it-api", "metadata.namespace", "front"],
  ["namespaces.api=front", "RoleBinding/face-it-api", "subjects", [
    { kind: "ServiceAccount", name: "face-it-api", namespace: "front" },
  ]],
  ["namespaces.worker=back", WORKER, "metadata.namespace", "back"],
  ["namespaces.worker=back", API, "env.WORKER_NAMESPACE", "back"],
  ["namespaces.worker=back", "Role/face-it-api", "metadata.namespace", "back"],
  ["requestsPerWorker=50", WORKER, "env.REQUESTS_PER_WORKER", "50"],
  ["requestsPerWorker=50", API, "env.REQUESTS_PER_WORKER", "50"],
  ["leaseMaxMs=90000", API, "env.LEASE_MAX_MS", "90000"],
  ["matchOn=cosine", WORKER, "env.MATCH_ON", "cosine"],
  [
    "gallery.revision=b",
    WORKER,
    "spec.template.metadata.annotations[face-it.io/gallery-revision]",
    "b",
  ],
  // A number that would be written as 2.026e+07 otherwise.
  [
    "gallery.revision=20260101",
    WORKER,
    "spec.template.metadata.annotations[face-it.io/gallery-revision]",
    "20260101",
  ],
  ["models.persistentVolumeClaim=m", WORKER, `${POD}.volumes[models].persistentVolumeClaim`, {
    claimName: "m",
    readOnly: true,
  }],
  ...[
    ["recognition", "MODEL_PATH"],
    ["detector", "DETECTOR_PATH"],
    ["landmarks", "LANDMARKS_PATH"],
    ["calibration", "MODEL_CALIBRATION"],
  ].map(([value, name]): Case => [
    `models.persistentVolumeClaim=m,models.${value}=a/b`,
    WORKER,
    `env.${name}`,
    "/etc/face-it/models/a/b",
  ]),
  ["token.existingSecret=ours", API, `${POD}.volumes[token-keys].secret.secretName`, "ours"],
  ["token.existingSecret=ours", WORKER, `${POD}.volumes[token-keys].secret.secretName`, "ours"],
  ["limits.requestTimeoutMs=7", API, "env.REQUEST_TIMEOUT_MS", "7"],
  ["limits.bodyTimeoutMs=8", API, "env.BODY_TIMEOUT_MS", "8"],
  ["limits.bodyTimeoutMs=8", WORKER, "env.BODY_TIMEOUT_MS", "8"],
  ["limits.queueLimit=9", API, "env.QUEUE_LIMIT", "9"],
  // A number that would be written as 1e+09 otherwise.
  ["limits.queueBytes=1000000000", API, "env.QUEUE_BYTES", "1000000000"],
  ["limits.maxImageBytes=11", WORKER, "env.MAX_IMAGE_BYTES", "11"],
  ["limits.maxImageBytes=11", API, "env.MAX_IMAGE_BYTES", "11"],
  ["limits.maxImagePixels=12", WORKER, "env.MAX_IMAGE_PIXELS", "12"],
  ["logLevel=warn", API, "env.LOG_LEVEL", "warn"],
  ["logLevel=warn", WORKER, "env.LOG_LEVEL", "warn"],
  ["imagePullSecrets={pull}", API, `${POD}.imagePullSecrets`, [{ name: "pull" }]],
  ["imagePullSecrets={pull}", WORKER, `${POD}.imagePullSecrets`, [{ name: "pull" }]],
  ["imagePullSecrets={pull}", "Pod/face-it-test", "spec.imagePullSecrets", [{ name: "pull" }]],
  ["fullnameOverride=who", "Deployment/who-worker", "metadata.name", "who-worker"],
  ["fullnameOverride=who", "ConfigMap/who-pool", "metadata.name", "who-pool"],
  ["api.replicas=5", API, "spec.replicas", 5],
  ...image("api"),
  ...image("worker"),
  ...scheduling("api"),
  ...scheduling("worker"),
  [`${NODE_PORT}api.service.port=8081`, "Service/face-it-api", "spec.type", "NodePort"],
  ["api.service.port=8081", "Service/face-it-api", "spec.ports[http].port", 8081],
  [
    `${NODE_PORT}api.service.nodePort=30080`,
    "Service/face-it-api",
    "spec.ports[http].nodePort",
    30080,
  ],
  ["api.service.annotations.a=b", "Service/face-it-api", "metadata.annotations.a", "b"],
  [`${SCALED},api.autoscaling.minReplicas=3`, API, "spec.replicas", 3],
  [
    `${SCALED},api.autoscaling.minReplicas=3`,
    "HorizontalPodAutoscaler/face-it-api",
    "spec.minReplicas",
    3,
  ],
  [
    `${SCALED},api.autoscaling.maxReplicas=9`,
    "HorizontalPodAutoscaler/face-it-api",
    "spec.maxReplicas",
    9,
  ],
  [
    `${SCALED},api.autoscaling.targetCPU=55`,
    "HorizontalPodAutoscaler/face-it-api",
    "spec.metrics.0.resource.target.averageUtilization",
    55,
  ],
  ["worker.maxSurge=2", WORKER, "spec.strategy.rollingUpdate.maxSurge", 2],
  [RUNTIME, WORKER, `${POD}.runtimeClassName`, "gvisor"],
  [
    `${RUNTIME},worker.runtimeClass.create=true,worker.runtimeClass.handler=kata`,
    "RuntimeClass/gvisor",
    "handler",
    "kata",
  ],
  [
    "networkPolicy.apiFrom[0].podSelector.matchLabels.app=gate",
    "NetworkPolicy/face-it-api",
    "spec.ingress.0.from.0.podSelector.matchLabels.app",
    "gate",
  ],
  ["networkPolicy.dns.namespace=", "NetworkPolicy/face-it-api", "spec.egress.1.to", undefined],
  [
    "networkPolicy.dns.namespace=dns,networkPolicy.dns.podLabels.k8s-app=coredns",
    "NetworkPolicy/face-it-api",
    "spec.egress.1.to",
    [{
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "dns" } },
      podSelector: { matchLabels: { "k8s-app": "coredns" } },
    }],
  ],
  [
    "networkPolicy.apiServerCIDRs={10.0.0.1/32}",
    "NetworkPolicy/face-it-api",
    "spec.egress.2.to.0.ipBlock.cidr",
    "10.0.0.1/32",
  ],
  [
    "networkPolicy.apiServerPorts={8443}",
    "NetworkPolicy/face-it-api",
    "spec.egress.2.ports",
    [{ port: 8443, protocol: "TCP" }],
  ],
  [INGRESS, "Ingress/face-it-api", "spec.rules.0.host", "id.example.org"],
  [`${INGRESS},ingress.className=nginx`, "Ingress/face-it-api", "spec.ingressClassName", "nginx"],
  [`${INGRESS},ingress.path=/id`, "Ingress/face-it-api", "spec.rules.0.http.paths.0.path", "/id/"],
  [`${INGRESS},ingress.tlsSecret=tls`, "Ingress/face-it-api", "spec.tls", [
    { hosts: ["id.example.org"], secretName: "tls" },
  ]],
  [`${INGRESS},ingress.annotations.a=b`, "Ingress/face-it-api", "metadata.annotations.a", "b"],
  [ROUTE, "HTTPRoute/face-it-api", "spec.parentRefs", [{ name: "public" }]],
  [`${ROUTE},httpRoute.hostnames={a.org}`, "HTTPRoute/face-it-api", "spec.hostnames", ["a.org"]],
  [`${ROUTE},httpRoute.annotations.a=b`, "HTTPRoute/face-it-api", "metadata.annotations.a", "b"],
  [
    `${MONITOR},monitoring.serviceMonitor.interval=5s`,
    "ServiceMonitor/face-it-api",
    "spec.endpoints.0.interval",
    "5s",
  ],
  [
    `${MONITOR},monitoring.serviceMonitor.labels.a=b`,
    "ServiceMonitor/face-it-api",
    "metadata.labels.a",
    "b",
  ],
  [
    `${RULE},monitoring.prometheusRule.labels.a=b`,
    "PrometheusRule/face-it-api",
    "metadata.labels.a",
    "b",
  ],
  [
    `${DASHBOARD},monitoring.dashboard.labels.a=b`,
    "ConfigMap/face-it-dashboard",
    "metadata.labels.a",
    "b",
  ],
];

/** Values whose effect is more than a field: the other tests of this folder have them. */
const ELSEWHERE = [
  "namespaces.create",
  "gallery.secrets",
  "gallery.key",
  "gallery.persistentVolumeClaim.name",
  "gallery.persistentVolumeClaim.path",
  "gallery.json",
  "admissionPolicy.enabled",
  "networkPolicy.enabled",
];

for (const [set, name, path, becomes] of CASES) {
  helmTest(`--set ${set}: ${name} has ${path} ${JSON.stringify(becomes)}`, async () => {
    const object = find(await render("--set", set), name);
    const value = path.startsWith("env.")
      ? environment(object)[path.slice("env.".length)]
      : at(object, path);
    assertEquals(value, becomes);
  });
}

Deno.test("every value of the chart has a test", async () => {
  const values = readValues(await Deno.readTextFile(`${CHART}/values.yaml`));
  const tested = CASES.flatMap(([set]) => set.split(","));
  for (const { path } of values) {
    const isTested = ELSEWHERE.includes(path) ||
      tested.some((set) => set.startsWith(path) && !/^\w/.test(set.slice(path.length)));
    assert(isTested, `No test sets ${path}`);
  }
});
