import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { type Call, type Fault, FaultProxy } from "./fault_proxy.ts";
import { needs } from "../support/needs.ts";
import { openReplicatedPool, PICTURE } from "./replicas.ts";

const PODS = 3;
const REQUEST_TIMEOUT_MS = 2000;
/** Time until the claim's deadline, and much more than a slow machine needs to act on it. */
const BOUND_MS = REQUEST_TIMEOUT_MS + 60_000;
/** Time that a claim allows for clocks that are wrong. */
const ALLOWED_SKEW_MS = 60_000;

/**
 * Moments at which a replica is killed: during a call of `method`, before (`rule`) or after
 * (`answered`) the API server acts on the call. `fault` is the way in which the call ends.
 */
const STEPS: readonly {
  readonly name: string;
  readonly method: string;
  readonly at: "rule" | "answered";
  readonly fault: Fault;
  readonly claimed: boolean;
}[] = [
  {
    name: "before its patch is sent",
    method: "PATCH",
    at: "rule",
    fault: "dropped",
    claimed: false,
  },
  {
    name: "while its patch is sent",
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
    name: "before its delete is sent",
    method: "DELETE",
    at: "rule",
    fault: "dropped",
    claimed: true,
  },
  {
    name: "while its delete is sent",
    method: "DELETE",
    at: "rule",
    fault: "answer_lost",
    claimed: true,
  },
];

for (const survivor of [true, false]) {
  for (const { name, method, at, fault, claimed } of STEPS) {
    const rescuer = survivor ? "another replica" : "the kubelet";
    needs("helm", "cluster")(
      `after a replica is killed ${name}, ${rescuer} cleans up: no claimed pod is left`,
      async () => {
        await using pool = await openReplicatedPool(PODS);
        const { installed, kubelet } = pool;
        await using proxy = await FaultProxy.open(installed.client);
        const env = { REQUEST_TIMEOUT_MS: String(REQUEST_TIMEOUT_MS) };
        const victim = await pool.start({ env, server: proxy.server });
        const other = survivor ? await pool.start({ env }) : undefined;
        await eventually(
          async () => await victim.metric("face_it_pool_free") === PODS,
          "the pool is full",
        );

        // The node's clock jumps ahead, so that this test does not wait for the allowed skew.
        kubelet.skewMs = ALLOWED_SKEW_MS;

        proxy[at] = async (call: Call) => {
          if (call.method !== method) return "none";
          victim.kill("SIGKILL");
          await victim.exitCode();
          return fault;
        };
        await victim.post(PICTURE).catch(() => {});
        await victim.exitCode();

        // The watch of this test may be a little late.
        const wasClaimed = () => kubelet.history.some(({ status }) => status === "busy");
        if (claimed) await eventually(wasClaimed, "the claim is seen");
        const busy = () =>
          kubelet.pods.values().filter(({ metadata, status }) =>
            metadata.labels.status === "busy" && status.phase === "Running" &&
            metadata.deletionTimestamp === undefined
          ).toArray();
        await eventually(() => busy().length === 0, "no claimed pod runs", BOUND_MS);
        const replica = other ?? await pool.start({ env });
        await eventually(
          async () =>
            kubelet.pods.size === PODS && await replica.metric("face_it_pool_free") === PODS,
          "every pod is free, and no failed pod is left",
        );
        assertEquals(wasClaimed(), claimed);
        assert([...kubelet.requests.values()].every((count) => count === 1));
      },
    );
  }
}
