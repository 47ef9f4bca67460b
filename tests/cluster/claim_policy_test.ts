import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { install, type Installed } from "../support/install.ts";
import { type KubeObject, KubernetesClient, pathOf, RefusedCall } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { assertRights } from "../support/rights.ts";

type Operation = { op: "add" | "replace" | "remove"; path: string; value?: unknown };

const BUSY: Operation = { op: "replace", path: "/metadata/labels/status", value: "busy" };
const ANNOTATIONS = [
  "face-it.io~1claimed-by",
  "face-it.io~1claim-id",
  "face-it.io~1claim-deadline",
  "cluster-autoscaler.kubernetes.io~1safe-to-evict",
];

/** Patches that change more than a claim does, each with the message of the policy. */
const REFUSED: [change: string, operations: Operation[], message: string][] = [
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
    "a new label",
    [BUSY, { op: "add", path: "/metadata/labels/mine", value: "yes" }],
    "the api may not change metadata.labels: mine",
  ],
  [
    "another annotation",
    [BUSY, { op: "add", path: "/metadata/annotations/mine", value: "yes" }],
    "the api may not change metadata.annotations: mine",
  ],
  [
    "one annotation less",
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

needs("helm", "cluster")("the api's account", async (t) => {
  await using installed = await install({ set: ["api.replicas=0"], unscheduledWorkers: 0 });
  const { client, release, worker } = installed;
  await using account = await KubernetesClient.connect(await installed.accountConfig());
  const pod = await createPodWithInitContainer(installed);
  const path = pathOf("Pod", pod, worker);
  const tryPatch = (operations: Operation[]) =>
    account.call("PATCH", `${path}?dryRun=All`, operations);

  // The API server needs some moments before it enforces a new policy.
  await eventually(
    () => tryPatch(REFUSED[0]![1]).then(() => false, () => true),
    "the policy is enforced",
  );

  for (const [change, operations, message] of REFUSED) {
    await t.step(`may not give a pod ${change}`, async () => {
      const error = await assertRejects(() => tryPatch(operations), RefusedCall, message);
      assertStringIncludes(
        error.message,
        `ValidatingAdmissionPolicy '${release}-claims.${worker}'`,
      );
    });
  }

  await t.step("may claim a pod", async () => {
    const owner = await client.get("ConfigMap", `${release}-pool`, worker);
    const { name, uid } = owner!.metadata;
    await account.call("PATCH", path, [
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
    ]);
  });

  await t.step("may delete the claimed pod", async () => {
    await account.call("DELETE", path);
    assertEquals(await client.get("Pod", pod, worker), undefined);
  });

  await t.step("may do nothing else", async () => {
    await assertRights(installed);
  });
});

/** Creates a free pod like the pool's pods, but with an init container. Returns the pod's name. */
async function createPodWithInitContainer(installed: Installed): Promise<string> {
  const { client, release, worker } = installed;
  const deployment = await client.get("Deployment", `${release}-worker`, worker);
  const { metadata, spec } = deployment!.spec.template as KubeObject;
  const name = "claimed";
  const init = { ...spec.containers[0], name: "init" };
  delete init.readinessProbe;
  delete init.livenessProbe;
  await client.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata,
      name,
      namespace: worker,
      labels: { ...metadata.labels, own: "yes" },
    },
    spec: { ...spec, initContainers: [init] },
  });
  return name;
}
