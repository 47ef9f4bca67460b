import { assert, assertStringIncludes } from "@std/assert";
import { CHART, helm, refusal } from "../support/helm.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");

/** Values that helm must refuse, and a part of its message. */
const REFUSED: [set: string, message: string][] = [
  ["poolSise=4", "additional properties 'poolSise' not allowed"],
  ["worker.image.tags=a", "additional properties 'tags' not allowed"],
  ["poolSize=0", "at '/poolSize': minimum: got 0, want 1"],
  ["poolSize=many", "at '/poolSize': got string, want integer"],
  ["listenAddress=", "listenAddress must be an address that other pods can reach"],
  ["listenAddress=localhost", "listenAddress must be an address that other pods can reach"],
  ["listenAddress=127.0.0.1", "listenAddress must be an address that other pods can reach"],
  ["api.allowedHosts={a.test:80}", "at '/api/allowedHosts/0'"],
  ["api.allowedHosts={*}", "at '/api/allowedHosts/0'"],
  ["api.allowedOrigins={*}", "at '/api/allowedOrigins/0'"],
  ["api.allowedOrigins={https://a.test/}", "at '/api/allowedOrigins/0'"],
  ["api.service.ipFamilyPolicy=IPv6", "at '/api/service/ipFamilyPolicy'"],
  ["liveness=enforce", "liveness: enforce needs livenessThreshold"],
  ["liveness=enforce,livenessThreshold=0.0", "liveness: enforce needs livenessThreshold"],
  ["livenessThreshold=1.5", "at '/livenessThreshold'"],
  ["livenessThreshold=half", "at '/livenessThreshold'"],
  ["quality=strict", "at '/quality'"],
  ["threshold=1.5", "at '/threshold'"],
  ["threshold=0.0", "threshold must be above 0"],
  ["namespaces.api=Front", "at '/namespaces/api': 'Front' does not match pattern"],
  ["matchOn=euclid", "at '/matchOn': value must be one of 'confidence', 'cosine'"],
  ["logLevel=loud", "at '/logLevel': value must be one of 'debug', 'info', 'warn'"],
  ["api.image.digest=sha256:1", "at '/api/image/digest'"],
  ["api.image.pullPolicy=Sometimes", "at '/api/image/pullPolicy': value must be one of 'Always'"],
  ["worker.maxSurge=all", "at '/worker/maxSurge'"],
  ["ingress.path=id", "at '/ingress/path': 'id' does not match pattern '^/'"],
  ["models.recognition=../x", "at '/models/recognition'"],
  ["models.recognition=x", "models.recognition needs models.persistentVolumeClaim"],
  [
    "gallery.secrets={a},gallery.persistentVolumeClaim.name=b",
    "set only one of gallery.secrets and gallery.persistentVolumeClaim.name",
  ],
  ["gallery.secrets={a,a}", "at '/gallery/secrets': items at 0 and 1 are equal"],
  ["gallery.json=people.json", "gallery.json must be the content of a gallery file"],
  ["limits.requestTimeoutMs=12001", "limits.requestTimeoutMs must be at most 12000"],
  ["isolation=thread", "at '/isolation': value must be one of 'pod', 'process'"],
  ["processes.perPod=65", "at '/processes/perPod'"],
  [
    "isolation=process,leaseMaxMs=19999",
    "isolation: process needs leaseMaxMs of at least 2 × limits.requestTimeoutMs",
  ],
  [
    "requestsPerWorker=2,leaseMaxMs=10000",
    "leaseMaxMs must be longer than limits.requestTimeoutMs",
  ],
  [
    "api.autoscaling.enabled=true,api.autoscaling.minReplicas=9",
    "api.autoscaling.minReplicas must be at most api.autoscaling.maxReplicas",
  ],
  ["gallery.replicas=2", "gallery.replicas above 1 needs gallery.postgres.secret"],
  [
    "gallery.secrets={a},gallery.postgres.secret=b",
    "set only one of gallery.secrets and gallery.postgres.secret",
  ],
  [
    "gallery.secrets={a},gallery.importSecrets={a}",
    "gallery.importSecrets is for the gallery service: remove it or gallery.secrets",
  ],
  [
    "gallery.secrets={a},gallery.requireConsent=true",
    "gallery.requireConsent is for the gallery service",
  ],
  ["gallery.volume.size=1", "at '/gallery/volume/size'"],
  ["gallery.volume.accessMode=ReadWriteMany", "at '/gallery/volume/accessMode'"],
  ["api.service.nodePort=30080", "api.service.nodePort needs api.service.type NodePort"],
  ["worker.runtimeClass.create=true", "worker.runtimeClass.create needs worker.runtimeClass.name"],
  ["gallery.persistentVolumeClaim=null", "gallery.persistentVolumeClaim must not be null"],
  ["gallery.volume.size=null", "gallery.volume.size must not be null"],
  ["networkPolicy.dns.ports=null", "networkPolicy.dns.ports is missing"],
  ["networkPolicy.apiServerPorts=null", "networkPolicy.apiServerPorts must not be null"],
  ["ingress.enabled=true", "ingress.enabled needs ingress.host"],
  ["httpRoute.enabled=true", "httpRoute.enabled needs httpRoute.parentRefs"],
];

/** Some values that the version before did not have. */
const NEW_VALUES = [
  "quality",
  "livenessThreshold",
  "worker.requireSeal",
  "gallery.tries",
  "gallery.requireConsent",
  "gallery.auditKeptDays",
];

/** Some values that the first version of the chart did not have. */
const VALUES_AFTER_FIRST = [
  "api.keysSecret",
  "gallery.postgres",
  "gallery.volume",
  "networkPolicy.databasePorts",
  "listenAddress",
  "podSecurityContext",
  "containerSecurityContext",
  "api.service.ipFamilyPolicy",
  "networkPolicy.dns",
  "token.privateKeysSecret",
  "token.publicKeysConfigMap",
];

// After an upgrade with --reuse-values from the first version, the chart gets that version's values.
helmTest("the values of the first version are refused, with what to do", async () => {
  const old = ["--set", "token.existingSecret="];
  for (const args of [old, ...VALUES_AFTER_FIRST.map((name) => ["--set", `${name}=null`])]) {
    assertStringIncludes(
      await refusal(...args),
      "upgrade with --reset-then-reuse-values instead of --reuse-values",
    );
  }
  const missing = VALUES_AFTER_FIRST.flatMap((name) => ["--set", `${name}=null`]);
  assertStringIncludes(await refusal(...old, ...missing), "listenAddress is missing: the values");
});

helmTest("the values of the version before are refused, with what to do", async () => {
  const missing = NEW_VALUES.map((name) => `${name}=null`);
  for (const set of [...missing, missing.join(",")]) {
    assertStringIncludes(
      await refusal("--set", set),
      "upgrade with --reset-then-reuse-values instead of --reuse-values",
    );
  }
});

helmTest("no limit on tries can be null", async () => {
  for (const name of ["free", "waitSeconds", "lockAfter", "userLockAfter", "searches"]) {
    const path = `gallery.tries.${name}`;
    assertStringIncludes(await refusal("--set", `${path}=null`), `${path} must not be null`);
  }
});

for (const [set, message] of REFUSED) {
  helmTest(`--set ${set} is refused: ${message}`, async () => {
    assertStringIncludes(await refusal("--set", set), message);
  });
}

helmTest("the chart refuses a version of Kubernetes that is too old", async () => {
  assertStringIncludes(
    await refusal("--kube-version", "1.29.9"),
    "chart requires kubeVersion: >=1.30.0-0",
  );
});

helmTest("helm lint finds no mistake", async () => {
  const { ok, text } = await helm(["lint", "--strict", "--quiet", CHART]);
  assert(ok, text);
});
