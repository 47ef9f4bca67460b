import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { KubernetesClient } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import type { Service } from "../support/service.ts";
import { openReplicatedPool, PICTURE } from "./replicas.ts";

/** Requests to each replica. FACE_IT_TEST_CLAIMS=1000 is thorough, and slow. */
const CLAIMS = Number(Deno.env.get("FACE_IT_TEST_CLAIMS") ?? 60);
const CONCURRENCY = 4;
const PODS = 40;
/** Much more than a slow machine needs to see what has happened. */
const SLOW_MACHINE_MS = 60_000;
/** Long limits, because this test checks for lost and double claims, not for speed. */
const PATIENT = { REQUEST_TIMEOUT_MS: "120000", LEASE_MAX_MS: "300000" };

const clusterTest = needs("helm", "cluster");

/** Sends `count` requests, a few at a time, and counts the responses by status and problem. */
async function ask(replica: Service, count: number): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  let left = count;
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    while (left-- > 0) {
      const { status, text } = await replica.post(PICTURE);
      const answer = status === 200 ? "200" : `${status} ${JSON.parse(text).detail}`;
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  }));
  return answers;
}

for (const replicas of [1, 2, 5]) {
  clusterTest(
    `${replicas} replicas never claim a pod twice, and answer every request`,
    async () => {
      await using pool = await openReplicatedPool(0);
      const { kubelet, installed } = pool;
      await kubelet.fill(PODS, installed.template);
      const services = await Promise.all(
        Array.from({ length: replicas }, () => pool.start({ env: PATIENT })),
      );
      const answers = await Promise.all(services.map((service) => ask(service, CLAIMS)));
      for (const [i, counts] of answers.entries()) {
        const log = services[i]!.lines.filter((line) => !line.includes('"request"')).join("\n");
        assertEquals([...counts], [["200", CLAIMS]], log);
      }

      // The kubelet learns of claims a moment after the replicas.
      const left = () =>
        [...kubelet.pods.values()].filter(({ metadata }) => metadata.labels.status !== "ready");
      await eventually(
        () => kubelet.claims().length >= replicas * CLAIMS && left().length === 0,
        () =>
          `the kubelet has seen all claims (it has seen ${kubelet.claims().length}), and no ` +
          `claimed pod is left (${left().length} are)`,
        SLOW_MACHINE_MS,
      );
      const claims = kubelet.claims();
      assertEquals(claims.length, replicas * CLAIMS);
      const claimed = new Set(claims.map(({ uid }) => uid));
      assertEquals(claimed.size, claims.length, "a pod was claimed twice");
      assertEquals(kubelet.requests.size, claims.length);
      assert(
        kubelet.requests.values().every((count) => count === 1),
        "a worker received two requests",
      );
    },
  );
}

clusterTest(
  "the chart's admission policy allows a replica to claim a pod, but no other change",
  async () => {
    await using pool = await openReplicatedPool(1);
    const { kubelet, installed } = pool;
    const replica = await pool.start();
    const [name] = kubelet.pods.keys();
    await using account = await KubernetesClient.connect(await installed.accountConfig());
    const change = { metadata: { annotations: { mine: "yes" } } };
    const path = `${installed.podsPath}/${name}?dryRun=All`;
    // The API server needs some moments before it enforces a new policy.
    await eventually(async () => {
      const { message } = await account.call("PATCH", path, change, [403]);
      return message?.includes("the api may not change metadata.annotations: mine") ?? false;
    }, "the policy is enforced");
    await installed.client.call("PATCH", path, change);
    assertEquals((await replica.post(PICTURE)).status, 200);
  },
);
