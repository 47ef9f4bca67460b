import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { openReplicatedPool, PICTURE } from "./replicas.ts";

const PODS = 2;

const clusterTest = needs("helm", "cluster");

clusterTest("pods serve before their status says that they are ready", async () => {
  await using pool = await openReplicatedPool(PODS);
  const { kubelet } = pool;
  kubelet.reportsReady = false;
  // A replica is ready when it has a free pod.
  const replica = await pool.start();
  // There are more requests than pods: the others wait for the pods that are made next.
  const answers = await Promise.all(Array.from({ length: 3 * PODS }, () => replica.post(PICTURE)));
  assertEquals(answers.map(({ status }) => status), answers.map(() => 200));
  assertEquals([...kubelet.requests.values()], answers.map(() => 1));
  assert(kubelet.history.every(({ ready }) => !ready));
  assert(kubelet.questions.length > 0);
  assert(kubelet.questions.every((headers) => !headers.has("Authorization")));
  await eventually(
    () => kubelet.pods.values().every((pod) => pod.metadata.labels.status === "ready"),
    "no claimed pod is left",
  );
});

clusterTest(
  "a pod that does not answer that it is ready serves when its status says so",
  async () => {
    await using pool = await openReplicatedPool(1);
    const { kubelet } = pool;
    kubelet.reportsReady = false;
    kubelet.saysReady = false;
    const replica = await pool.start({ until: "listening" });
    await eventually(() => kubelet.questions.length >= 3, "the pod is asked");
    assertEquals(await replica.metric("face_it_pool_free"), 0);
    await kubelet.reportAllReady();
    await replica.untilReady();
    assertEquals((await replica.post(PICTURE)).status, 200);
  },
);
