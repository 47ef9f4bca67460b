import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { install, type Installed } from "../support/install.ts";
import { type KubeObject, KubernetesClient, pathOf, RefusedCall } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { assertRights } from "../support/rights.ts";

type Operation = { op: "add" | "replace" | "remove"; path: string; value?: unknown };

const BUSY: Operation = { op: "replace", path: "/metadata/labels/status", value: "busy" };
/** Bound of the chart's default values: twice leaseMaxMs, and five minutes. */
const BOUND_SECONDS = 2 * 300 + 300;

const annotation = (name: string) => `/metadata/annotations/${name.replace("/", "~1")}`;
const DEADLINE = annotation("face-it.io/claim-deadline");
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

/** Returns the patch of a claim, without the paths in `without`, and then `more`. */
function claimOf(
  owner: KubeObject,
  { without = [], more = [] }: { without?: string[]; more?: Operation[] } = {},
): Operation[] {
  const { name, uid } = owner.metadata;
  const add = (path: string, value: unknown): Operation => ({ op: "add", path, value });
  const operations = [
    BUSY,
    add("/metadata/ownerReferences", [
      { apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true },
    ]),
    add(annotation("face-it.io/claimed-by"), "face-it-api-1a2b-0f1e2d3c"),
    add(annotation("face-it.io/claim-id"), crypto.randomUUID()),
    add(DEADLINE, inSeconds(10)),
    add(annotation("cluster-autoscaler.kubernetes.io/safe-to-evict"), "false"),
    add("/spec/activeDeadlineSeconds", 80),
  ];
  return [...operations.filter(({ path }) => !without.includes(path)), ...more];
}

const NO_WORKER = "the api may delete no pod but a worker";
const OWNER_MESSAGE = "the owner of a claimed pod must be the ConfigMap";
const owned = (change: Record<string, unknown>, ...others: unknown[]) => (owner: KubeObject) => {
  const { name, uid } = owner.metadata;
  const mine = { apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true, ...change };
  return claimOf(owner, {
    more: [{ op: "add", path: "/metadata/ownerReferences", value: [mine, ...others] }],
  });
};
const set = (path: string, value: unknown) => (owner: KubeObject) =>
  claimOf(owner, { more: [{ op: "add", path, value }] });
const lacks = (path: string) => (owner: KubeObject) => claimOf(owner, { without: [path] });
/** Entry in managedFields that pretends that the pod was changed in another year. */
const fakeTime = (time: string, manager = "fake") => ({
  manager,
  operation: "Update",
  apiVersion: "v1",
  time,
  fieldsType: "FieldsV1",
  fieldsV1: { "f:metadata": { "f:labels": { "f:app": {} } } },
});

/** A claim for many years, with entries in managedFields that pretend to be newer than it. */
const forYears = (...entries: unknown[]) => (owner: KubeObject) =>
  claimOf(owner, {
    more: [
      { op: "add", path: "/spec/activeDeadlineSeconds", value: 2147483647 },
      ...entries.map((entry): Operation => ({
        op: "add",
        path: "/metadata/managedFields/-",
        value: entry,
      })),
    ],
  });
const FUTURE = "2099-01-01T00:00:00Z";

/**
 * Claims that the policy refuses, each with its message. With a field manager, another client has
 * just changed the pod under the same name.
 */
const BAD_CLAIMS: [
  name: string,
  claim: (owner: KubeObject) => Operation[],
  message: string,
  fieldManager?: string,
][] = [
  ["without its owner", lacks("/metadata/ownerReferences"), OWNER_MESSAGE],
  ["with no owner at all", set("/metadata/ownerReferences", []), OWNER_MESSAGE],
  ["with an owner of another name", owned({ name: "kube-root-ca.crt" }), OWNER_MESSAGE],
  ["with an owner of another kind", owned({ kind: "Secret" }), OWNER_MESSAGE],
  ["with an owner of another version", owned({ apiVersion: "v2" }), OWNER_MESSAGE],
  [
    "with an owner in no namespace",
    owned({ apiVersion: "v1", kind: "Namespace", name: "default" }),
    OWNER_MESSAGE,
  ],
  ["with an owner that is not its controller", owned({ controller: false }), OWNER_MESSAGE],
  ["with an owner that its pod blocks", owned({ blockOwnerDeletion: true }), OWNER_MESSAGE],
  [
    "with a second owner",
    owned({}, { apiVersion: "v1", kind: "ConfigMap", name: "other", uid: "other" }),
    OWNER_MESSAGE,
  ],
  [
    "with a second owner that is the controller",
    owned({ controller: false }, {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name: "other",
      uid: "other",
      controller: true,
    }),
    OWNER_MESSAGE,
  ],
  ...["face-it.io/claimed-by", "face-it.io/claim-id"].flatMap((
    name,
  ): typeof BAD_CLAIMS => [
    [`without ${name}`, lacks(annotation(name)), `a claim needs the annotation ${name}`],
    [`with an empty ${name}`, set(annotation(name), ""), `a claim needs the annotation ${name}`],
    [
      `with a long ${name}`,
      set(annotation(name), "x".repeat(254)),
      `a claim needs the annotation ${name}`,
    ],
  ]),
  [
    "that lets the autoscaler remove its node",
    set(annotation("cluster-autoscaler.kubernetes.io/safe-to-evict"), "true"),
    "safe-to-evict: false",
  ],
  ["without a deadline", lacks(DEADLINE), "face-it.io/claim-deadline must be a time"],
  ...[
    "soon",
    "",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999Z",
    "2026-13-01T00:00:00.000Z",
  ].map((value): typeof BAD_CLAIMS[number] => [
    `with the deadline ${value || "(empty)"}`,
    set(DEADLINE, value),
    "claim-deadline",
  ]),
  [
    "with a deadline after the bound",
    (owner) => set(DEADLINE, inSeconds(BOUND_SECONDS + 60))(owner),
    "face-it.io/claim-deadline must be a time within 900 s",
  ],
  [
    "without activeDeadlineSeconds",
    lacks("/spec/activeDeadlineSeconds"),
    "spec.activeDeadlineSeconds must end the pod within 900 s",
  ],
  ...[BOUND_SECONDS + 60, 2147483647].map((seconds): typeof BAD_CLAIMS[number] => [
    `that lets the pod run for ${seconds} s`,
    set("/spec/activeDeadlineSeconds", seconds),
    "spec.activeDeadlineSeconds must end the pod within 900 s",
  ]),
  ...["2099-01-01T00:00:00Z", "1999-01-01T00:00:00Z"].map((
    time,
  ): typeof BAD_CLAIMS[number] => [
    `that lets the pod run for years, with a change in ${time.slice(0, 4)}`,
    (owner) =>
      claimOf(owner, {
        more: [
          { op: "add", path: "/spec/activeDeadlineSeconds", value: 2147483647 },
          { op: "add", path: "/metadata/managedFields", value: [fakeTime(time)] },
        ],
      }),
    "within 900 s",
  ]),
  [
    "that lets the pod run for years, without managedFields",
    (owner) =>
      claimOf(owner, {
        more: [
          { op: "add", path: "/spec/activeDeadlineSeconds", value: 2147483647 },
          { op: "add", path: "/metadata/managedFields", value: [{}] },
        ],
      }),
    "within 900 s",
  ],
  [
    "that lets the pod run for years, as the manager of ancient changes",
    forYears(fakeTime(FUTURE)),
    "within 900 s",
    "ancient-changes",
  ],
  // The API server keeps ten entries of updates. It merges the oldest, and this claim's is among them.
  ...[10, 20].map((count): typeof BAD_CLAIMS[number] => [
    `that lets the pod run for years, among ${count} changes in 2099`,
    forYears(...Array.from({ length: count }, (_, i) => fakeTime(FUTURE, `fake-${i}`))),
    "within 900 s",
    "api",
  ]),
  [
    "that lets the pod run for years, in the second of another change by its manager",
    forYears(fakeTime(FUTURE)),
    "within 900 s",
    "kube-controller-manager",
  ],
  [
    "that lets the pod run for years, as the manager of a change in 2099",
    forYears(fakeTime(FUTURE, "later")),
    "within 900 s",
    "later",
  ],
  [
    "that lets the pod run for years, with a change in 2099 that claims its annotations",
    forYears({
      ...fakeTime(FUTURE),
      fieldsV1: {
        "f:metadata": {
          "f:annotations": { ".": {}, "f:face-it.io/claim-deadline": {} },
        },
      },
    }),
    "within 900 s",
    "api",
  ],
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
  await using installed = await install({
    set: ["api.replicas=0", "gallery.secrets={people}"],
    unscheduledWorkers: 0,
  });
  const { client, release, worker } = installed;
  await using account = await KubernetesClient.connect(await installed.accountConfig());
  const pod = await createPodWithInitContainer(installed);
  const path = pathOf("Pod", pod, worker);
  const tryPatch = (operations: Operation[], fieldManager = "api") =>
    account.call("PATCH", `${path}?dryRun=All&fieldManager=${fieldManager}`, operations);

  // The API server needs some moments before it enforces a new policy.
  await eventually(
    () => tryPatch(REFUSED[0]![1]).then(() => false, () => true),
    "the policy is enforced",
  );

  // Everything else in the pod is as if it had been written long ago.
  const { metadata: { managedFields } } = (await client.get("Pod", pod, worker))!;
  const written = (i: number) => `/metadata/managedFields/${i}/time`;
  await client.call("PATCH", `${path}?fieldManager=old`, [
    // The API server ignores a change of times alone.
    { op: "replace", path: "/metadata/labels/own", value: "old" },
    ...managedFields.map((_: unknown, i: number) => ({
      op: "replace",
      path: written(i),
      value: "2020-01-01T00:00:00Z",
    })),
  ]);
  const aged = (await client.get("Pod", pod, worker))!.metadata.managedFields;
  assert(aged.some(({ time }: { time: string }) => time.startsWith("2020-")));

  const owner = (await client.get("ConfigMap", `${release}-pool`, worker))!;
  const assertRefused = async (operations: Operation[], message: string, manager?: string) => {
    const error = await assertRejects(() => tryPatch(operations, manager), RefusedCall, message);
    assertEquals(error.status, 403, error.message);
    assertStringIncludes(error.message, `ValidatingAdmissionPolicy '${release}-claims.${worker}'`);
  };

  for (const [change, operations, message] of REFUSED) {
    await t.step(`may not give a pod ${change}`, async () => {
      await assertRefused(operations, message);
      // Not even with an otherwise good claim.
      await assertRefused(claimOf(owner, { more: operations }), message);
    });
  }

  for (const [name, claim, message, manager] of BAD_CLAIMS) {
    await t.step(`may not claim a pod ${name}`, async () => {
      if (manager !== undefined) {
        await client.call("PATCH", `${path}?fieldManager=${manager}`, [
          { op: "replace", path: "/metadata/labels/own", value: crypto.randomUUID() },
        ]);
      }
      await assertRefused(claim(owner), message, manager);
    });
  }

  await t.step("may not change the containers of a pod through a subresource", async () => {
    for (const subresource of ["ephemeralcontainers", "status", "resize"]) {
      const change = { metadata: { labels: { status: "busy" } } };
      const refused = () => account.call("PATCH", `${path}/${subresource}?dryRun=All`, change);
      assertEquals((await assertRejects(refused, RefusedCall)).status, 403);
    }
  });

  await t.step("may claim a pod for the longest time", async () => {
    await tryPatch(claimOf(owner, {
      more: [
        { op: "add", path: DEADLINE, value: inSeconds(BOUND_SECONDS - 60) },
        { op: "add", path: "/spec/activeDeadlineSeconds", value: BOUND_SECONDS - 60 },
      ],
    }));
  });

  await t.step("may claim a pod", async () => {
    await account.call("PATCH", path, claimOf(owner));
  });

  const CLAIMED = "the api may not change a pod whose status is not ready";
  const AGAIN: [change: string, operations: Operation[], message: string][] = [
    ["claim it again", claimOf(owner), CLAIMED],
    ["move its deadline", [{ op: "replace", path: DEADLINE, value: inSeconds(60) }], CLAIMED],
    [
      "give it back",
      [{ op: "replace", path: "/metadata/labels/status", value: "ready" }],
      "the api may set metadata.labels: status to nothing but busy",
    ],
    ["take its owner away", [{ op: "remove", path: "/metadata/ownerReferences" }], CLAIMED],
    [
      "take its status away",
      [{ op: "remove", path: "/metadata/labels/status" }],
      "the api may set metadata.labels: status to nothing but busy",
    ],
  ];
  for (const [change, operations, message] of AGAIN) {
    await t.step(`may not claim a pod and then ${change}`, async () => {
      await assertRefused(operations, message);
    });
  }

  await t.step("may not delete a pod that is no worker of its release", async () => {
    for (const labels of [{}, { app: "other" }, { "app.kubernetes.io/instance": "other" }]) {
      const name = await createPodWithInitContainer(installed, labels);
      await eventually(async () => {
        const error = await account.call("DELETE", `${pathOf("Pod", name, worker)}?dryRun=All`)
          .then(() => undefined, (error: RefusedCall) => error);
        return error?.status === 403 && error.message.includes(NO_WORKER);
      }, "the deletion is refused");
      await client.delete("Pod", name, worker);
    }
  });

  await t.step("may delete the claimed pod", async () => {
    await account.call("DELETE", path);
    assertEquals(await client.get("Pod", pod, worker), undefined);
  });

  await t.step("may do nothing else", async () => {
    await assertRights(installed);
  });
});

/**
 * Creates a free pod like the pool's pods, but with an init container. Returns the pod's name.
 *
 * @param changed Labels that differ; `{}`: the pod has no labels
 */
async function createPodWithInitContainer(
  installed: Installed,
  changed?: Record<string, string>,
): Promise<string> {
  const { client, release, worker } = installed;
  const deployment = await client.get("Deployment", `${release}-worker`, worker);
  const { metadata, spec } = deployment!.spec.template as KubeObject;
  const name = changed === undefined ? "claimed" : `other-${crypto.randomUUID().slice(0, 8)}`;
  const labels = changed !== undefined && Object.keys(changed).length === 0
    ? {}
    : { ...metadata.labels, own: "yes", ...changed };
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
      labels,
    },
    spec: { ...spec, initContainers: [init] },
  });
  return name;
}
