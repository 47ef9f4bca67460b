import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { assertProblem, type Service } from "../support/service.ts";
import { type Call, type Fault, FaultProxy } from "./fault_proxy.ts";
import { openReplicatedPool, PICTURE, type ReplicatedPool } from "./replicas.ts";
import { clusterTest } from "./test_cluster.ts";

const PODS = 3;
const OUTAGE_TIMEOUT_MS = 60_000;

interface Surroundings {
  readonly pool: ReplicatedPool;
  readonly proxy: FaultProxy;
  readonly replica: Service;
}

/** Registers a test with one replica behind a proxy and a full pool, which must be full in the end. */
function outageTest(name: string, body: (surroundings: Surroundings) => Promise<void>): void {
  clusterTest(name, async () => {
    await using pool = await openReplicatedPool(PODS);
    await using proxy = await FaultProxy.open(pool.admin);
    const replica = await pool.start({ server: proxy.server });
    await full(replica);
    await eventually(() => proxy.watches === 1, "it watches");
    await body({ pool, proxy, replica });
    await full(replica);
    assertEquals((await replica.post(PICTURE)).status, 200);
    await eventually(
      () => pool.kubelet.pods.values().every((pod) => pod.metadata.labels.status === "ready"),
      "no claimed pod is left",
    );
    assert(pool.kubelet.requests.values().every((count) => count === 1));
    await replica.stop();
  });
}

async function full(replica: Service): Promise<void> {
  await eventually(async () => await replica.metric("face_it_pool_free") === PODS, "full");
}

const saysOf = ({ log }: Service, message: string) =>
  log.filter(({ msg }) => msg === message).length;

outageTest("a watch that is cut goes on where it was", async ({ proxy, replica }) => {
  let lists = 0;
  proxy.rule = ({ url, method, isWatch }) => {
    if (method === "GET" && url.pathname.endsWith("/pods") && !isWatch) lists++;
    return "none";
  };
  for (let i = 0; i < 5; i++) {
    proxy.cutWatches();
    assertEquals((await replica.post(PICTURE)).status, 200);
    await full(replica);
  }
  assert(await replica.metric("face_it_pool_watch_restarts_total") >= 5);
  assertEquals(lists, 0);
});

outageTest("a watch that is too far behind lists again", async ({ pool, proxy }) => {
  let left = 1, lists = 0;
  proxy.rule = ({ url, isWatch }) => {
    if (isWatch && left-- > 0) return "gone";
    if (url.pathname.endsWith("/pods") && !isWatch) lists++;
    return "none";
  };
  const [victim] = pool.kubelet.pods.keys();
  proxy.cutWatches();
  await pool.kubelet.kill(victim!);
  await eventually(() => lists === 1, "it lists again");
  await eventually(() => pool.kubelet.pods.size === PODS, "the pod is replaced");
});

outageTest(
  "while the API server is away requests are refused, and it recovers by itself",
  async ({ proxy, replica }) => {
    await proxy.down();
    // So many take about 20 s: the wait between two has become as long as it ever does.
    await eventually(
      () => saysOf(replica, "watch of the pods failed") >= 9,
      "the log says so",
      OUTAGE_TIMEOUT_MS,
    );
    const answer = await replica.post(PICTURE);
    assertProblem(answer, "no_worker_available");
    assert(Number(answer.headers.get("Retry-After")) >= 1);
    assertEquals((await replica.get("/ready")).status, 200);
    assertEquals(await replica.metric("face_it_pool_free"), PODS);
    const { text } = await replica.get("/metrics");
    assert(/^face_it_pool_api_failures_total\{call="owner",code="no_answer"\} /m.test(text), text);
    await proxy.up();
    await eventually(
      () => saysOf(replica, "pods are watched again") > 0,
      "it says that it is back",
      OUTAGE_TIMEOUT_MS,
    );
  },
);

outageTest(
  "what was free before an outage is served as far as the claim confirms it",
  async ({ pool, proxy, replica }) => {
    // Claims and deletions come through: the replica goes by what it last saw.
    proxy.rule = ({ method }) => method === "GET" ? "dropped" : "none";
    proxy.cutWatches();
    await eventually(() => saysOf(replica, "watch of the pods failed") >= 1, "it sees nothing");
    const [gone, claimed] = pool.kubelet.pods.keys();
    await pool.kubelet.kill(gone!);
    const busy = { metadata: { labels: { status: "busy" } } };
    await pool.admin.call("PATCH", `${pool.installation.podsPath}/${claimed}`, busy);
    assertEquals((await replica.post(PICTURE)).status, 200);
    const next = replica.post(PICTURE);
    await eventually(
      async () => await replica.metric("face_it_pool_waiters") === 1,
      "none is left",
    );
    assertEquals(pool.kubelet.requests.size, 1);
    const { text } = await replica.get("/metrics");
    for (const code of [404, 422]) {
      assert(text.includes(`face_it_pool_lost_claims_total{code="${code}"} 1`), text);
    }
    await pool.kubelet.kill(claimed!);
    proxy.rule = () => "none";
    assertEquals((await next).status, 200);
  },
);

for (const [moment, at] of [["just before", "rule"], ["just after", "answered"]] as const) {
  outageTest(
    `a request whose pod its ReplicaSet deletes ${moment} the claim is answered`,
    async ({ pool, proxy, replica }) => {
      const deleted: string[] = [];
      // By name, and as it saw the pod last: a ReplicaSet that scales down does no more.
      proxy[at] = async ({ method, url }: Call): Promise<Fault> => {
        if (method === "PATCH" && deleted.length === 0) {
          const { metadata: { name, uid } } = await pool.admin.call("DELETE", url.pathname);
          deleted.push(uid);
          await eventually(() => !pool.kubelet.pods.has(name), "everybody can know");
        }
        return "none";
      };
      assertEquals((await replica.post(PICTURE)).status, 200);
      assertEquals(deleted.length, 1);
      const [served] = pool.kubelet.requests.keys();
      assertEquals(served === deleted[0], moment === "just after");
    },
  );
}

outageTest("a claim whose answer is lost is used", async ({ pool, proxy, replica }) => {
  let left = 1;
  proxy.rule = ({ method }) => method === "PATCH" && left-- > 0 ? "answer_lost" : "none";
  assertEquals((await replica.post(PICTURE)).status, 200);
  assertEquals(saysOf(replica, "claim without an answer"), 1);
  assertEquals(pool.kubelet.requests.size, 1);
});

outageTest("a claim that may yet arrive costs its pod and no more", async ({ proxy, replica }) => {
  let left = 1;
  proxy.rule = ({ method }) => method === "PATCH" && left-- > 0 ? "dropped" : "none";
  assertEquals((await replica.post(PICTURE)).status, 200);
  const { text } = await replica.get("/metrics");
  assert(text.includes('face_it_pool_reaped_total{reason="unknown_claim"} 1'), text);
});

outageTest("a delete that is lost is sent again", async ({ proxy, replica }) => {
  let left = 1;
  proxy.rule = ({ method }) => method === "DELETE" && left-- > 0 ? "dropped" : "none";
  assertEquals((await replica.post(PICTURE)).status, 200);
  await eventually(
    async () => await replica.metric("face_it_pool_delete_failures_total") === 1,
    "the failure is counted",
  );
});

outageTest("one connection after another is not opened", async ({ proxy, replica }) => {
  const before = proxy.connections;
  for (let i = 0; i < 10; i++) {
    assertEquals((await replica.post(PICTURE)).status, 200);
    await full(replica);
  }
  // Twenty calls; a delete may meet the next claim.
  assert(proxy.connections - before <= 2, `${proxy.connections - before} connections`);
});

clusterTest("without the right to list pods a replica is not ready, and says why", async () => {
  await using pool = await openReplicatedPool(1);
  const { admin, installation } = pool;
  const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${installation.namespace}` +
    "/roles/face-it-api";
  const { rules } = await admin.call("GET", role);
  await admin.call("PATCH", role, { rules: [] });
  const replica = await pool.start({ until: "listening" });
  await eventually(() => saysOf(replica, "watch of the pods failed") >= 2, "it says so");
  assert(replica.lines.some((line) => line.includes("403")));
  assertEquals((await replica.get("/ready")).status, 503);
  const { text } = await replica.get("/metrics");
  assert(/^face_it_pool_api_failures_total\{call="owner",code="403"\} /m.test(text), text);
  await admin.call("PATCH", role, { rules });
  await replica.untilReady();
});

clusterTest("a token that is refused is read again, without a restart", async () => {
  await using pool = await openReplicatedPool(1);
  const tokenFile = await Deno.makeTempFile();
  await Deno.writeTextFile(tokenFile, "not-a-token");
  const config = pool.installation.config();
  const { name } = config.getCurrentUser()!;
  // As in a pod, where the kubelet replaces the file.
  config.loadFromClusterAndUser(config.getCurrentCluster()!, {
    name,
    authProvider: { name: "tokenFile", config: { tokenFile } },
  });
  const replica = await pool.start({ config, until: "listening", readable: [tokenFile] });
  await eventually(() => saysOf(replica, "watch of the pods failed") >= 2, "it says so");
  assert(replica.lines.some((line) => line.includes("401")));
  assertEquals((await replica.get("/ready")).status, 503);
  const { text } = await replica.get("/metrics");
  assert(/^face_it_pool_api_failures_total\{call="owner",code="401"\} /m.test(text), text);
  await Deno.writeTextFile(tokenFile, pool.installation.token);
  await replica.untilReady();
  assertEquals((await replica.post(PICTURE)).status, 200);
  await Deno.remove(tokenFile);
});
