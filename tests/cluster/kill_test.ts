import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { type Call, type Fault, FaultProxy } from "./fault_proxy.ts";
import { openReplicatedPool, PICTURE } from "./replicas.ts";
import { clusterTest } from "./test_cluster.ts";

const PODS = 3;
const REQUEST_TIMEOUT_MS = 2000;
/** The claim's deadline and 10 s more. */
const BOUND_MS = REQUEST_TIMEOUT_MS + 10_000;

/** Where a replica dies: at which call, before or after the server acts, and what becomes of it. */
const STEPS: readonly {
  readonly name: string;
  readonly method: string;
  readonly at: "rule" | "answered";
  readonly fault: Fault;
  readonly claimed: boolean;
}[] = [
  {
    name: "before its patch leaves",
    method: "PATCH",
    at: "rule",
    fault: "dropped",
    claimed: false,
  },
  {
    name: "while its patch is on its way",
    method: "PATCH",
    at: "rule",
    fault: "answer_lost",
    claimed: true,
  },
  {
    name: "after its patch is applied",
    method: "PATCH",
    at: "answered",
    fault: "none",
    claimed: true,
  },
  {
    name: "before its delete leaves",
    method: "DELETE",
    at: "rule",
    fault: "dropped",
    claimed: true,
  },
  {
    name: "while its delete is on its way",
    method: "DELETE",
    at: "rule",
    fault: "answer_lost",
    claimed: true,
  },
];

for (const survivor of [true, false]) {
  for (const { name, method, at, fault, claimed } of STEPS) {
    const who = survivor ? "another replica" : "the kubelet alone";
    clusterTest(`a replica killed ${name} leaves nothing: ${who} sees to it`, async () => {
      await using pool = await openReplicatedPool(PODS);
      const { admin, kubelet } = pool;
      await using proxy = await FaultProxy.open(admin);
      const env = { REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS) };
      const victim = await pool.start({ env, server: proxy.server });
      const other = survivor ? await pool.start({ env }) : undefined;
      await eventually(async () => await victim.metric("face_it_pool_free") === PODS, "full");

      proxy[at] = async (call: Call) => {
        if (call.method !== method) return "none";
        victim.kill("SIGKILL");
        await victim.exitCode();
        return fault;
      };
      await victim.post(PICTURE).catch(() => {});
      await victim.exitCode();

      // The watch of this test is a little late.
      const wasClaimed = () => kubelet.history.some(({ status }) => status === "busy");
      if (claimed) await eventually(wasClaimed, "the claim shows");
      const busy = () =>
        kubelet.pods.values().filter(({ metadata, status }) =>
          metadata.labels.status === "busy" && status.phase === "Running" &&
          metadata.deletionTimestamp === undefined
        ).toArray();
      await eventually(() => busy().length === 0, "no claimed pod still runs", BOUND_MS);
      const replica = other ?? await pool.start({ env });
      await eventually(
        async () =>
          kubelet.pods.size === PODS && await replica.metric("face_it_pool_free") === PODS,
        "every pod is free, and none is left that failed",
      );
      assertEquals(wasClaimed(), claimed);
      assert([...kubelet.requests.values()].every((count) => count === 1));
    });
  }
}
