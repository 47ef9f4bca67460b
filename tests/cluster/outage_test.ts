import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { assertProblem } from "../support/assert_problem.ts";
import type { Service } from "../support/service.ts";
import { type Call, type Fault, FaultProxy } from "./fault_proxy.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { openReplicatedPool, PICTURE, type ReplicatedPool } from "./replicas.ts";

const PODS = 3;
const OUTAGE_TIMEOUT_MS = 60_000;

const clusterTest = needs("helm", "cluster");

/** A replica that calls the API server through a proxy. */
interface ProxiedReplica {
  readonly pool: ReplicatedPool;
  readonly proxy: FaultProxy;
  readonly replica: Service;
}

/**
 * Registers a test with one replica behind a proxy. The pool is full when the test begins, and must
 * be full again when the test ends.
 */
function outageTest(name: string, body: (proxied: ProxiedReplica) => Promise<void>): void {
  clusterTest(name, async () => {
    await using pool = await openReplicatedPool(PODS);
    await using proxy = await FaultProxy.open(pool.installed.client);
    const replica = await pool.start({ server: proxy.server });
    await untilFull(replica);
    await eventually(() => proxy.watches === 2, "the replica watches the pods and their owner");
    await body({ pool, proxy, replica });
    await untilFull(replica);
    assertEquals((await replica.post(PICTURE)).status, 200);
    await eventually(
      () => pool.kubelet.pods.values().every((pod) => pod.metadata.labels.status === "ready"),
      "no claimed pod is left",
    );
    assert(pool.kubelet.requests.values().every((count) => count === 1));
    await replica.stop();
  });
}

async function untilFull(replica: Service): Promise<void> {
  await eventually(
    async () => await replica.metric("face_it_pool_free") === PODS,
    "the pool is full",
  );
}

/** Returns how often a replica has logged a message. */
const countLogged = ({ log }: Service, message: string) =>
  log.filter(({ msg }) => msg === message).length;

outageTest("a watch that breaks continues at the last version seen", async ({ proxy, replica }) => {
  let lists = 0;
  proxy.rule = ({ url, method, isWatch }) => {
    if (method === "GET" && url.pathname.endsWith("/pods") && !isWatch) lists++;
    return "none";
  };
  for (let i = 0; i < 5; i++) {
    proxy.cutWatches();
    assertEquals((await replica.post(PICTURE)).status, 200);
    await untilFull(replica);
  }
  assert(await replica.metric("face_it_pool_watch_restarts_total") >= 5);
  assertEquals(lists, 0);
});

outageTest(
  "when a webhook changes pods, the log names its annotation, and no pod is lost",
  async ({ pool, proxy, replica }) => {
    const before = new Set(pool.kubelet.pods.keys());
    const unchanged = proxy.rewrite;
    const annotate = { op: "add", path: "/metadata/annotations/example.org~1mutated", value: "x" };
    // The API server checks a claim after the webhooks have changed it.
    proxy.rewrite = ({ method }, body) =>
      method === "PATCH" ? JSON.stringify([...JSON.parse(body), annotate]) : body;
    assertProblem(await replica.post(PICTURE), "no_worker_available");
    const refusals = replica.lines.filter((line) => line.includes("claims are not accepted"));
    assert(refusals.length > 0);
    for (const line of refusals) {
      assert(line.includes("may not change metadata.annotations: example.org/mutated"), line);
    }
    assertEquals(new Set(pool.kubelet.pods.keys()), before);
    proxy.rewrite = unchanged;
    await eventually(
      async () => (await replica.post(PICTURE)).status === 200,
      "claims are accepted again",
    );
  },
);

outageTest(
  "when a watch is too far behind, the pods are listed again",
  async ({ pool, proxy }) => {
    let left = 1, lists = 0;
    proxy.rule = ({ url, isWatch }) => {
      if (isWatch && url.pathname.endsWith("/pods") && left-- > 0) return "gone";
      if (url.pathname.endsWith("/pods") && !isWatch) lists++;
      return "none";
    };
    const [victim] = pool.kubelet.pods.keys();
    proxy.cutWatches();
    await pool.kubelet.kill(victim!);
    await eventually(() => lists === 1, "the replica lists the pods again");
    await eventually(() => pool.kubelet.pods.size === PODS, "the pod is replaced");
  },
);

outageTest(
  "while the API server is unreachable, requests are refused; afterwards the pool recovers",
  async ({ proxy, replica }) => {
    await proxy.down();
    // Nine failures take about 20 s. By then the replica's waits between retries are the longest.
    await eventually(
      () => countLogged(replica, "watch of the pods failed") >= 9,
      "the failures are logged",
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
      () => countLogged(replica, "pods are watched again") > 0,
      "the recovery is logged",
      OUTAGE_TIMEOUT_MS,
    );
  },
);

outageTest(
  "during an outage, a replica claims the pods that were free before and still are",
  async ({ pool, proxy, replica }) => {
    // Claims and deletions succeed. The replica knows only the pods that it saw before the outage.
    proxy.rule = ({ method }) => method === "GET" ? "dropped" : "none";
    proxy.cutWatches();
    await eventually(
      () => countLogged(replica, "watch of the pods failed") >= 1,
      "the replica sees no events",
    );
    const [gone, claimed] = pool.kubelet.pods.keys();
    await pool.kubelet.kill(gone!);
    const busy = { metadata: { labels: { status: "busy" } } };
    await pool.installed.client.call("PATCH", `${pool.installed.podsPath}/${claimed}`, busy);
    assertEquals((await replica.post(PICTURE)).status, 200);
    const next = replica.post(PICTURE);
    await eventually(
      async () => await replica.metric("face_it_pool_waiters") === 1,
      "a request waits, because no pod is left",
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
    `a request is answered even when the ReplicaSet deletes its pod ${moment} the claim`,
    async ({ pool, proxy, replica }) => {
      const deleted: string[] = [];
      // Delete by name and without preconditions, as a ReplicaSet does when it scales down.
      proxy[at] = async ({ method, url }: Call): Promise<Fault> => {
        if (method === "PATCH" && deleted.length === 0) {
          const { metadata: { name, uid } } = await pool.installed.client.call(
            "DELETE",
            url.pathname,
          );
          deleted.push(uid);
          await eventually(() => !pool.kubelet.pods.has(name), "every watch has seen the deletion");
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

outageTest("a claim whose response is lost is used", async ({ pool, proxy, replica }) => {
  let left = 1;
  proxy.rule = ({ method }) => method === "PATCH" && left-- > 0 ? "answer_lost" : "none";
  assertEquals((await replica.post(PICTURE)).status, 200);
  assertEquals(countLogged(replica, "claim without an answer"), 1);
  assertEquals(pool.kubelet.requests.size, 1);
});

outageTest(
  "when the API server may still receive a claim, the same claim is sent again",
  async ({ proxy, replica }) => {
    const patched: string[] = [];
    proxy.rule = ({ method, url }) => {
      if (method !== "PATCH") return "none";
      return patched.push(url.pathname) === 1 ? "dropped" : "none";
    };
    assertEquals((await replica.post(PICTURE)).status, 200);
    assertEquals(patched, [patched[0], patched[0]]);
    const { text } = await replica.get("/metrics");
    assert(!text.includes("face_it_pool_reaped_total{"), text);
  },
);

outageTest("a deletion that is lost is sent again", async ({ proxy, replica }) => {
  let left = 1;
  proxy.rule = ({ method }) => method === "DELETE" && left-- > 0 ? "dropped" : "none";
  assertEquals((await replica.post(PICTURE)).status, 200);
  await eventually(
    async () => await replica.metric("face_it_pool_delete_failures_total") === 1,
    "the failure is counted",
  );
});

outageTest("calls to the API server share few connections", async ({ proxy, replica }) => {
  const before = proxy.connections;
  for (let i = 0; i < 10; i++) {
    assertEquals((await replica.post(PICTURE)).status, 200);
    await untilFull(replica);
  }
  // These are twenty calls. A deletion may run at the same time as the next claim: two connections.
  assert(proxy.connections - before <= 2, `${proxy.connections - before} connections`);
});

clusterTest(
  "without the right to list pods, a replica is not ready and logs the reason",
  async () => {
    await using pool = await openReplicatedPool(1);
    const { client, release, worker } = pool.installed;
    const setRules = (rules: unknown) => client.patch("Role", `${release}-api`, worker, { rules });
    const { rules } = (await client.get("Role", `${release}-api`, worker))!;
    await setRules([]);
    const replica = await pool.start({ until: "listening" });
    await eventually(
      () => countLogged(replica, "watch of the pods failed") >= 2,
      "the failures are logged",
    );
    assert(replica.lines.some((line) => line.includes("403")));
    assertEquals((await replica.get("/ready")).status, 503);
    const { text } = await replica.get("/metrics");
    assert(/^face_it_pool_api_failures_total\{call="owner",code="403"\} /m.test(text), text);
    await setRules(rules);
    await replica.untilReady();
  },
);

clusterTest(
  "after its token is refused, a replica reads the token file again without a restart",
  async () => {
    await using pool = await openReplicatedPool(1);
    await using folder = await temporaryFolder();
    const tokenFile = await folder.write("token", "not-a-token");
    const config = await pool.installed.accountConfig();
    const { name, token } = config.getCurrentUser()!;
    // In a pod the kubelet replaces this file.
    config.loadFromClusterAndUser(config.getCurrentCluster()!, {
      name,
      authProvider: { name: "tokenFile", config: { tokenFile } },
    });
    const replica = await pool.start({ config, until: "listening", readable: [tokenFile] });
    await eventually(
      () => countLogged(replica, "watch of the pods failed") >= 2,
      "the failures are logged",
    );
    assert(replica.lines.some((line) => line.includes("401")));
    assertEquals((await replica.get("/ready")).status, 503);
    const { text } = await replica.get("/metrics");
    assert(/^face_it_pool_api_failures_total\{call="owner",code="401"\} /m.test(text), text);
    await folder.write("token", token!);
    await replica.untilReady();
    assertEquals((await replica.post(PICTURE)).status, 200);
  },
);
