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

Deno.test("the kubelet ends a pod of any age 5 to 6 s after its claim's deadline", () => {
  fc.assert(fc.property(times, ({ ageMs, leaseMs }) => {
    const now = 10 ** 12;
    const pod = new FakePodApi().add("pod", { startedAt: now - ageMs });
    const claim = { id: "id", by: "me", deadline: now + leaseMs };
    const seconds = valueAt(pod, "/spec/activeDeadlineSeconds", claim, now) as number;
    const afterMs = now - ageMs + seconds * 1000 - claim.deadline;
    assert(Number.isInteger(seconds) && afterMs >= 5000 && afterMs < 6000, `${afterMs} ms`);
  }));
});

Deno.test("a pod that seems to start in the future gets its whole lease", () => {
  const now = 10 ** 12;
  const pod = new FakePodApi().add("pod", { startedAt: now + 1500 });
  const claim = { id: "id", by: "me", deadline: now + 10_000 };
  assertEquals(valueAt(pod, "/spec/activeDeadlineSeconds", claim, now), 15);
});

Deno.test("the kubelet adds its 5 s even when the claim's deadline has passed", () => {
  const now = 10 ** 12;
  const pod = new FakePodApi().add("pod", { startedAt: now - 20_000 });
  const claim = { id: "id", by: "me", deadline: now - 10_000 };
  assertEquals(valueAt(pod, "/spec/activeDeadlineSeconds", claim, now), 25);
});

Deno.test("a claim never raises the deadline that a pod already has", () => {
  const pod = new FakePodApi().add("pod", { startedAt: 0, activeDeadlineSeconds: 30 });
  const claim = { id: "id", by: "me", deadline: 60_000 };
  assertEquals(valueAt(pod, "/spec/activeDeadlineSeconds", claim), 30);
});
