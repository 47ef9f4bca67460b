import { assert, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { clusterTest, get, install, type Installed, kubectl } from "../support/install.ts";
import type { KubeObject, Outcome } from "../support/helm.ts";
import { assertRights } from "../support/rights.ts";

type Operation = { op: "add" | "replace" | "remove"; path: string; value?: unknown };

const BUSY: Operation = { op: "replace", path: "/metadata/labels/status", value: "busy" };
const ANNOTATIONS = [
  "face-it.io~1claimed-by",
  "face-it.io~1claim-id",
  "face-it.io~1claim-deadline",
  "cluster-autoscaler.kubernetes.io~1safe-to-evict",
];

/** Patches that are more than a claim, and what the policy says of them. */
const REFUSED: [what: string, operations: Operation[], message: string][] = [
  [
    "an image",
    [BUSY, { op: "replace", path: "/spec/containers/0/image", value: "evil:1" }],
    "the api may not change spec: containers",
  ],
  [
    "an init container's image",
    [BUSY, { op: "replace", path: "/spec/initContainers/0/image", value: "evil:1" }],
    "the api may not change spec: initContainers",
  ],
  [
    "a toleration",
    [BUSY, { op: "add", path: "/spec/tolerations/-", value: { key: "a", operator: "Exists" } }],
    "the api may not change spec: tolerations",
  ],
  [
    "the label app",
    [BUSY, { op: "replace", path: "/metadata/labels/app", value: "other" }],
    "the api may not change metadata.labels: app",
  ],
  [
    "a label of its own",
    [BUSY, { op: "add", path: "/metadata/labels/mine", value: "yes" }],
    "the api may not change metadata.labels: mine",
  ],
  [
    "another annotation",
    [BUSY, { op: "add", path: "/metadata/annotations/mine", value: "yes" }],
    "the api may not change metadata.annotations: mine",
  ],
  [
    "an annotation less",
    [BUSY, { op: "remove", path: "/metadata/annotations/face-it.io~1gallery-checksum" }],
    "the api may not change metadata.annotations: face-it.io/gallery-checksum",
  ],
  [
    "a finalizer",
    [BUSY, { op: "add", path: "/metadata/finalizers", value: ["face-it.io/kept"] }],
    "the api may not change metadata: finalizers",
  ],
  [
    "a status other than busy",
    [{ op: "replace", path: "/metadata/labels/status", value: "free" }],
    "the api may set metadata.labels: status to nothing but busy",
  ],
];

clusterTest("the api's account", async (t) => {
  await using installed = await install("poolSize=1", "api.replicas=0");
  const { release, api, worker } = installed;
  const account = await installed.as(api, `${release}-api`);
  const pod = await podWithInitContainer(installed);
  const patch = (operations: Operation[], dryRun = true): Promise<Outcome> =>
    account([
      "patch",
      "pod",
      pod,
      `--namespace=${worker}`,
      "--type=json",
      `--patch=${JSON.stringify(operations)}`,
      ...(dryRun ? ["--dry-run=server"] : []),
    ]);

  // A policy is in force some moments after it is made.
  await eventually(async () => !(await patch(REFUSED[0]![1])).ok, "the policy is in force");

  for (const [what, operations, message] of REFUSED) {
    await t.step(`may not give a pod ${what}`, async () => {
      const { ok, text } = await patch(operations);
      assert(!ok);
      assertStringIncludes(text, `ValidatingAdmissionPolicy '${release}-claims.${worker}'`);
      assertStringIncludes(text, message);
    });
  }

  await t.step("may claim a pod", async () => {
    const owner = await get("configmap", `${release}-pool`, `--namespace=${worker}`);
    const { name, uid } = owner!.metadata as { name: string; uid?: string };
    const { ok, text } = await patch([
      BUSY,
      {
        op: "add",
        path: "/metadata/ownerReferences",
        value: [{ apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true }],
      },
      ...ANNOTATIONS.map((key): Operation => ({
        op: "add",
        path: `/metadata/annotations/${key}`,
        value: "x",
      })),
      { op: "add", path: "/spec/activeDeadlineSeconds", value: 600 },
    ], false);
    assert(ok, text);
  });

  await t.step("may delete it", async () => {
    const { ok, text } = await account(["delete", "pod", pod, `--namespace=${worker}`]);
    assert(ok, text);
  });

  await t.step("may do nothing else", async () => {
    await assertRights(account, installed);
  });
});

/** A free pod like those of the pool, and with an init container, which those do not have. */
async function podWithInitContainer({ release, worker }: Installed): Promise<string> {
  const deployment = await get("deployment", `${release}-worker`, `--namespace=${worker}`);
  const { metadata, spec } = deployment!["spec"].template as KubeObject;
  const name = "claimed";
  const init = { ...spec.containers[0], name: "init" };
  // It has no place to run on, so that nothing but the test changes it.
  delete init.readinessProbe;
  delete init.livenessProbe;
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, name, namespace: worker, labels: { ...metadata.labels, own: "yes" } },
    spec: { ...spec, initContainers: [init], nodeSelector: { nowhere: "yes" } },
  };
  const { ok, text } = await kubectl(["create", "--filename=-"], JSON.stringify(pod));
  assert(ok, text);
  return name;
}
