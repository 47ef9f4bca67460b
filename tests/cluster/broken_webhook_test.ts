import { assert, assertEquals } from "@std/assert";
import { assertProblem } from "../support/assert_problem.ts";
import { eventually } from "../support/eventually.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { type Call, FaultProxy } from "./fault_proxy.ts";
import { openReplicatedPool, PICTURE, type ReplicatedPool } from "./replicas.ts";

const PODS = 8;
const REQUESTS = 100;
/** Requests that wait for an answer at the same time. */
const CONCURRENCY = 10;
/** Time within which the pool serves after the end of the fault. */
const RECOVERY_MS = 5000;

const clusterTest = needs("helm", "cluster");

/** A webhook that is called when a pod of these workers is updated. Its service does not exist. */
function webhook(worker: string, clientConfig: unknown, timeoutSeconds: number): KubeObject {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: `broken-${worker}` },
    webhooks: [{
      name: "broken.face-it.test",
      clientConfig,
      timeoutSeconds,
      failurePolicy: "Fail",
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": worker } },
      rules: [{
        apiGroups: [""],
        apiVersions: ["v1"],
        operations: ["UPDATE"],
        resources: ["pods"],
      }],
    }],
  };
}

/** Seconds that the API server waits for a webhook: longer than a replica waits for an answer. */
const HANGING_SECONDS = 8;

/** Kinds of broken webhooks: what the API server is told to call, and how long it waits. */
const BROKEN: Readonly<Record<string, (silentPort: number) => [unknown, number]>> = {
  "a service that does not exist": () => [
    { service: { name: "nobody", namespace: "default", path: "/" } },
    1,
  ],
  "an address that refuses connections": () => [{ url: "https://127.0.0.1:1/" }, 1],
  "a server that never answers": (port) => [{ url: `https://127.0.0.1:${port}/` }, HANGING_SECONDS],
};

/** Runs `body` while the webhook is in force for the pods of the pool. */
async function whileBroken(
  { installed }: ReplicatedPool,
  [clientConfig, timeoutSeconds]: [unknown, number],
  body: () => Promise<void>,
): Promise<void> {
  const { client, worker, podsPath } = installed;
  const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  const { metadata: { name } } = await client.call(
    "POST",
    path,
    webhook(worker, clientConfig, timeoutSeconds),
  );
  const isInForce = async () => {
    const [pod] = await client.list("Pod", worker);
    const change = { metadata: { annotations: { probe: "x" } } };
    const answer = await client.call(
      "PATCH",
      `${podsPath}/${pod!.metadata.name}?dryRun=All`,
      change,
      [500, 400, 403],
    );
    return answer.kind === "Status";
  };
  try {
    await eventually(isInForce, "the webhook is in force");
    await body();
  } finally {
    await client.call("DELETE", `${path}/${name}`);
  }
  await eventually(async () => !await isInForce(), "the webhook is no longer in force");
}

for (const [kind, configure] of Object.entries(BROKEN)) {
  clusterTest(
    `while a webhook on updates of pods is broken (${kind}), no free pod is deleted and requests are refused`,
    async () => {
      await using pool = await openReplicatedPool(PODS);
      await using proxy = await FaultProxy.open(pool.installed.client);
      const replica = await pool.start({ server: proxy.server });
      await eventually(
        async () => await replica.metric("face_it_pool_free") === PODS,
        "the pool is full",
      );
      // Accepts connections, and never answers.
      using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const before = new Set(pool.kubelet.pods.keys());
      const counts = { PATCH: 0, GET: 0, DELETE: 0 };
      proxy.rule = ({ method, isWatch }: Call) => {
        if (!isWatch && method in counts) counts[method as keyof typeof counts]++;
        return "none";
      };
      await whileBroken(pool, configure(silent.addr.port), async () => {
        let left = REQUESTS;
        await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
          while (left-- > 0) {
            const answer = await replica.post(PICTURE);
            assertProblem(answer, "no_worker_available");
            assert(Number(answer.headers.get("Retry-After")) >= 1);
          }
        }));
      });
      const used = { ...counts };
      await eventually(
        async () => (await replica.post(PICTURE)).status === 200,
        "the pool serves again",
        RECOVERY_MS,
      );
      assertEquals(used.DELETE, 0);
      // Of the first requests, each sends one claim. Then one is sent after each pause. A claim without
      // an answer is looked at, on a slow machine more than once.
      assert(used.PATCH <= 2 * CONCURRENCY && used.GET <= 2 * used.PATCH, JSON.stringify(used));
      assertEquals([...pool.kubelet.requests.values()], [1]);
      const left = [...before].filter((name) => pool.kubelet.pods.has(name));
      assert(left.length >= PODS - 1, `${left.length} of ${PODS} pods are left`);
      const said = replica.log.filter(({ msg }) => msg === "claims are not accepted");
      assert(said.length >= 1);
      // A server that never answers cannot be named: the replica stops waiting before the API server.
      if (!kind.includes("never")) assert(JSON.stringify(said).includes("broken.face-it.test"));
    },
  );
}
