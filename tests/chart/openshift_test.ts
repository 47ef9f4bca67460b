// OpenShift admits a pod only if a security context constraint fits. These are the rules of
// restricted-v2, the one that every service account may use.

import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { find, render, renderValues } from "../support/helm.ts";
import { needs } from "../support/needs.ts";
import { codeBlocks } from "../support/readme_commands.ts";

const helmTest = needs("helm");

/** Kinds of volumes that restricted-v2 allows. */
const VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);
/** Fields that OpenShift sets itself, to ids that it has reserved for the namespace. */
const ASSIGNED = ["runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "seLinuxOptions"];

interface PodSpec {
  readonly securityContext?: Record<string, unknown>;
  readonly volumes?: readonly Record<string, unknown>[];
  readonly containers: readonly { readonly securityContext?: Record<string, unknown> }[];
  readonly initContainers?: PodSpec["containers"];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
}

/** Finds the specification of every pod in objects of any kind. */
function podSpecs(value: unknown): PodSpec[] {
  if (typeof value !== "object" || value === null) return [];
  const found = Object.values(value).flatMap(podSpecs);
  return "containers" in value && Array.isArray(value.containers)
    ? [value as PodSpec, ...found]
    : found;
}

/** Returns the rules of restricted-v2 that a pod breaks. */
function broken(pod: PodSpec): string[] {
  const faults: string[] = [];
  const rule = (holds: boolean, text: string) => void (holds || faults.push(text));
  for (const field of ["hostNetwork", "hostPID", "hostIPC"] as const) {
    rule(!pod[field], `${field} is set`);
  }
  for (const { name, ...source } of pod.volumes ?? []) {
    for (const kind of Object.keys(source)) rule(VOLUMES.has(kind), `${name} is a ${kind}`);
  }
  const ofPod = pod.securityContext ?? {};
  for (const field of ASSIGNED) rule(!(field in ofPod), `the pod fixes ${field}`);
  for (const { securityContext = {} } of [...pod.containers, ...pod.initContainers ?? []]) {
    for (const field of ASSIGNED) rule(!(field in securityContext), `a container fixes ${field}`);
    const of = { ...ofPod, ...securityContext } as Record<string, unknown>;
    rule(of["runAsNonRoot"] === true, "runAsNonRoot is not true");
    rule(of["allowPrivilegeEscalation"] === false, "allowPrivilegeEscalation is not false");
    rule(of["privileged"] !== true, "privileged is true");
    const seccomp = of["seccompProfile"] as { type?: string } | undefined;
    rule(seccomp?.type === "RuntimeDefault", "seccompProfile is not RuntimeDefault");
    const { drop, add = [] } = (of["capabilities"] ?? {}) as { drop?: string[]; add?: string[] };
    rule(drop?.length === 1 && drop[0] === "ALL", "capabilities do not drop ALL");
    rule(add.every((name) => name === "NET_BIND_SERVICE"), "a capability is added");
  }
  return faults;
}

/** Values in docs/kubernetes.md for OpenShift. */
async function documentedValues(): Promise<Record<string, unknown>> {
  const [block] = codeBlocks(await Deno.readTextFile("docs/kubernetes.md"), "yaml")
    .filter((block) => block.includes("podSecurityContext"));
  return parse(block!);
}

helmTest("with the documented values, restricted-v2 admits every pod", async () => {
  const values = await documentedValues();
  const galleries = [
    {},
    { postgres: { secret: "db" }, importSecrets: ["staff"] },
    { secrets: ["staff"] },
    { json: '{"embeddings": []}' },
    { persistentVolumeClaim: { name: "faces" } },
  ];
  for (const gallery of galleries) {
    const objects = await renderValues({
      ...values,
      gallery,
      models: { persistentVolumeClaim: "m" },
    });
    const pods = podSpecs(objects);
    assert(pods.length >= 3, `${pods.length} pods`);
    assert(podSpecs(find(objects, "Pod/face-it-test")).length === 1);
    assertEquals(pods.flatMap(broken), []);
  }
});

helmTest("with the documented values, the api reaches the DNS of OpenShift", async () => {
  const policy = find(await renderValues(await documentedValues()), "NetworkPolicy/face-it-api");
  const [_workers, _gallery, dns] = policy.spec.egress;
  assertEquals(dns, {
    ports: ["UDP", "TCP"].map((protocol) => ({ port: 5353, protocol })),
    to: [{
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "openshift-dns" } },
      podSelector: { matchLabels: {} },
    }],
  });
});

helmTest("by default, only the fixed ids keep restricted-v2 from admitting the pods", async () => {
  for (const pod of podSpecs(await render())) {
    assertEquals(broken(pod), [
      "the pod fixes runAsUser",
      "the pod fixes runAsGroup",
      "the pod fixes fsGroup",
    ]);
  }
});

helmTest("null removes a field, also with --set", async () => {
  const pods = podSpecs(await render("--set", "podSecurityContext.runAsUser=null"));
  for (const { securityContext } of pods) {
    assert(!("runAsUser" in securityContext!));
    assertEquals(securityContext!["fsGroup"], 1993);
  }
});
