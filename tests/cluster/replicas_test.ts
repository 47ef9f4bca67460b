import { assert, assertEquals } from "@std/assert";
import { eventually } from "../eventually.ts";
import type { Service } from "../integration/service.ts";
import { Admin } from "./admin.ts";
import type { FakeKubelet } from "./fake_kubelet.ts";
import { openReplicatedPool, PICTURE } from "./replicas.ts";
import { clusterTest } from "./test_cluster.ts";

/** Of all replicas together; more take their time. */
const CLAIMS = Number(Deno.env.get("FACE_IT_TEST_CLAIMS") ?? 300);
const CONCURRENCY = 4;
const PODS = 40;

/** Every claim that the API server told of, as "pod's uid claim's id". */
function claimsOf({ history }: FakeKubelet): Set<string> {
  const claims = new Set<string>();
  for (const { object: { metadata } } of history) {
    const id = metadata.annotations?.["face-it.io/claim-id"];
    if (id !== undefined) claims.add(`${metadata.uid} ${id}`);
  }
  return claims;
}

/** Asks `count` times, a few at once, and counts the answers by status. */
async function ask(replica: Service, count: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let left = count;
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    while (left-- > 0) {
      const { status } = await replica.post(PICTURE);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }));
  return statuses;
}

for (const replicas of [1, 2, 5]) {
  clusterTest(
    `${replicas} replicas never claim a pod twice, and answer every request`,
    async () => {
      await using pool = await openReplicatedPool(0);
      const { kubelet, installation } = pool;
      await kubelet.fill(PODS, installation.template);
      const services = await Promise.all(Array.from({ length: replicas }, () => pool.start()));
      const answers = await Promise.all(services.map((service) => ask(service, CLAIMS / replicas)));
      for (const statuses of answers) assertEquals([...statuses], [[200, CLAIMS / replicas]]);

      await eventually(
        () => kubelet.pods.values().every((pod) => pod.metadata.labels.status === "ready"),
        "every claimed pod is gone",
      );
      const claims = claimsOf(kubelet);
      assertEquals(claims.size, CLAIMS);
      const claimed = new Set(claims.values().map((claim) => claim.split(" ")[0]));
      assertEquals(claimed.size, claims.size, "a pod was claimed twice");
      assertEquals(kubelet.requests.size, claims.size);
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
