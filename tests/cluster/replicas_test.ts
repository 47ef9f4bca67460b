import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import type { Service } from "../support/service.ts";
import { Admin } from "../support/kubernetes.ts";
import { openReplicatedPool, PICTURE } from "./replicas.ts";
import { clusterTest } from "./test_cluster.ts";

/** Of each replica; 1000 take their time. */
const CLAIMS = Number(Deno.env.get("FACE_IT_TEST_CLAIMS") ?? 60);
const CONCURRENCY = 4;
const PODS = 40;
/** Whether claims are lost or doubled is looked at, not how fast this machine makes pods. */
const PATIENT = { REQUEST_TIMEOUT_MS: "120000", LEASE_MAX_MS: "300000" };

/** Asks `count` times, a few at once, and counts the answers by status, and by what else they say. */
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
      const { kubelet, installation } = pool;
      await kubelet.fill(PODS, installation.template);
      const services = await Promise.all(
        Array.from({ length: replicas }, () => pool.start({ env: PATIENT })),
      );
      const answers = await Promise.all(services.map((service) => ask(service, CLAIMS)));
      for (const [i, counts] of answers.entries()) {
        const log = services[i]!.lines.filter((line) => !line.includes('"request"')).join("\n");
        assertEquals([...counts], [["200", CLAIMS]], log);
      }

      await eventually(
        () => kubelet.pods.values().every((pod) => pod.metadata.labels.status === "ready"),
        "every claimed pod is gone",
      );
      const claims = kubelet.claims();
      assertEquals(claims.length, replicas * CLAIMS);
      const claimed = new Set(claims.map(({ uid }) => uid));
      assertEquals(claimed.size, claims.length, "a pod was claimed twice");
      assertEquals(kubelet.requests.size, claims.length);
      assert(kubelet.requests.values().every((count) => count === 1), "a worker was asked twice");
    },
  );
}

clusterTest(
  "replicas claim under the chart's policy, which lets them change nothing else",
  async () => {
    await using pool = await openReplicatedPool(1);
    const { admin, installation, kubelet } = pool;
    const replica = await pool.start();
    const [name] = kubelet.pods.keys();
    await using account = await Admin.connect(installation.config());
    const change = { metadata: { annotations: { mine: "yes" } } };
    const path = `${installation.podsPath}/${name}?dryRun=All`;
    // A policy is in force some moments after it is made.
    await eventually(async () => {
      const { message } = await account.call("PATCH", path, change, [403]);
      return message?.includes("the api may not change metadata.annotations: mine") ?? false;
    }, "the policy is in force");
    await admin.call("PATCH", path, change);
    assertEquals((await replica.post(PICTURE)).status, 200);
  },
);
