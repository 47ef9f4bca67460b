import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { claimPatch, readClaim } from "./claim.ts";
import { FakePodApi } from "./api_server/fake_pod_api.ts";
import type { Pod } from "./pod.ts";

const OWNER = { name: "pool", uid: "owner-uid" };

const times = fc.record({
  ageMs: fc.integer({ min: 0, max: 10 ** 9 }),
  leaseMs: fc.integer({ min: 1, max: 10 ** 7 }),
});

/** Returns the value of the patch's operation at a path. */
function valueAt(pod: Pod, path: string, claim = { id: "id", by: "me", deadline: 0 }, now = 0) {
  return claimPatch(pod, claim, OWNER, now).find((operation) => operation.path === path)?.value;
}

Deno.test("a claim can be read from the pod that it was applied to", async () => {
  for (const annotations of [undefined, {}, { "other.io/a": "b" }]) {
    const api = new FakePodApi();
    const pod = api.add("pod", { annotations });
    const claim = { id: "id", by: "me", deadline: api.clock + 1234 };
    const claimed = await api.patch("pod", claimPatch(pod, claim, OWNER, api.clock));
    assertEquals(readClaim(claimed), claim);
    assertEquals(claimed.annotations?.["other.io/a"], annotations?.["other.io/a"]);
    assertEquals(claimed.annotations?.["cluster-autoscaler.kubernetes.io/safe-to-evict"], "false");
  }
});

Deno.test("a claim is applied only when the pod is the same, unchanged and ready", () => {
  const pod = new FakePodApi().add("pod");
  const patch = claimPatch(pod, { id: "id", by: "me", deadline: 0 }, OWNER, 0);
  assertEquals(patch.filter(({ op }) => op === "test"), [
    { op: "test", path: "/metadata/uid", value: pod.uid },
    { op: "test", path: "/metadata/resourceVersion", value: pod.resourceVersion },
    { op: "test", path: "/metadata/labels/status", value: "ready" },
  ]);
  assert(patch.findIndex(({ op }) => op !== "test") === 3, "the tests come first");
});

Deno.test("a pod without a claim, or with an invalid deadline, counts as unclaimed", () => {
  const api = new FakePodApi();
  assertEquals(readClaim(api.add("free")), undefined);
  assertEquals(
    readClaim(api.add("odd", {
      annotations: {
        "face-it.io/claim-id": "id",
        "face-it.io/claimed-by": "me",
        "face-it.io/claim-deadline": "soon",
      },
    })),
    undefined,
  );
});

Deno.test("a claim replaces the owners of a pod with the pool's ConfigMap", () => {
  const value = valueAt(new FakePodApi().add("pod"), "/metadata/ownerReferences");
  assertEquals(value, [{ apiVersion: "v1", kind: "ConfigMap", ...OWNER, controller: true }]);
});

Deno.test("the kubelet ends a claimed pod after its claim's deadline and before two minutes more, by any clocks that differ by a minute", () => {
  const skew = fc.constantFrom(-60_000, -1000, 0, 1000, 60_000);
  fc.assert(fc.property(
    times,
    fc.record({ claiming: skew, creating: skew, node: skew }),
    fc.integer({ min: 0, max: 100_000 }),
    ({ ageMs, leaseMs }, clocks, pendingMs) => {
      // The clocks of the two API servers and the node may differ by a minute, and not by more.
      const values = Object.values(clocks);
      fc.pre(Math.max(...values) - Math.min(...values) <= 60_000);
      const trueNow = 10 ** 12, now = trueNow + clocks.claiming;
      const pod = new FakePodApi().add("pod", {
        createdAt: trueNow - ageMs - pendingMs + clocks.creating,
        startedAt: trueNow - ageMs + clocks.node,
      });
      const claim = { id: "id", by: "me", deadline: now + leaseMs };
      const seconds = valueAt(pod, "/spec/activeDeadlineSeconds", claim, now) as number;
      // The kubelet counts from the true start, because it uses only the node's clock.
      const afterMs = seconds * 1000 - ageMs - leaseMs;
      assert(Number.isInteger(seconds) && afterMs >= 5000, `${afterMs} ms`);
      assert(afterMs <= 5000 + pendingMs + 181_000, `${afterMs} ms`);
    },
  ));
});

Deno.test("the kubelet ends a pod 65 s after its claim's deadline when all clocks are right", () => {
  const now = 10 ** 12, claim = { id: "id", by: "me", deadline: now + 10_000 };
  const pod = new FakePodApi().add("pod", { createdAt: now - 3000, startedAt: now - 3000 });
  assertEquals(valueAt(pod, "/spec/activeDeadlineSeconds", claim, now), 3 + 10 + 65);
});

Deno.test("a node with a clock in another year changes the deadline by a minute at most", () => {
  const now = 10 ** 12, claim = { id: "id", by: "me", deadline: now + 10_000 };
  for (const [startedAt, seconds] of [[0, 138], [2 * now, 78]] as const) {
    const pod = new FakePodApi().add("pod", { createdAt: now - 3000, startedAt });
    assertEquals(valueAt(pod, "/spec/activeDeadlineSeconds", claim, now), seconds);
  }
});

Deno.test("the kubelet adds its time even when the claim's deadline has passed", () => {
  const now = 10 ** 12;
  const pod = new FakePodApi().add("pod", { createdAt: now - 20_000, startedAt: now - 20_000 });
  const claim = { id: "id", by: "me", deadline: now - 10_000 };
  assertEquals(valueAt(pod, "/spec/activeDeadlineSeconds", claim, now), 85);
});

Deno.test("a claim never raises the deadline that a pod already has", () => {
  const pod = new FakePodApi().add("pod", { startedAt: 0, activeDeadlineSeconds: 30 });
  const claim = { id: "id", by: "me", deadline: 60_000 };
  assertEquals(valueAt(pod, "/spec/activeDeadlineSeconds", claim), 30);
});
