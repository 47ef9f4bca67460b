import { assertEquals } from "@std/assert";
import { RateLimit } from "./rate_limit.ts";
import { ReplicaSet } from "./replica_set.ts";
import { Timeline } from "./timeline.ts";

/** Returns the times at which pods are created. */
function creations(claimsAt: readonly number[], readyAt: readonly number[] = []): number[] {
  const timeline = new Timeline();
  const created: number[] = [];
  const limit = new RateLimit({ qps: 1, burst: 1 });
  const replicaSet = new ReplicaSet(timeline, limit, () => created.push(timeline.now));
  for (const at of claimsAt) timeline.after(at, () => replicaSet.podLeft());
  for (const at of readyAt) timeline.after(at, () => replicaSet.podChanged());
  timeline.run();
  return created;
}

Deno.test("a sync creates the pods that were missing when it began, then writes the status", () => {
  // At 0 s the first sync creates a pod, and at 1 s it writes the status. At 2 s and 3 s the second
  // sync creates the other two pods.
  assertEquals(creations([0, 0, 0]), [0, 2, 3]);
});

Deno.test("a created pod and a Ready pod each cost one write of the status", () => {
  // At 0 s a call creates the pod. The calls at 1 s, 2 s and 3 s write the status: after the
  // creation, for the new pod, and for the Ready pod. So the claim at 3.5 s gets its pod at 4 s.
  assertEquals(creations([0, 3.5], [2.5]), [0, 4]);
  // Without a Ready pod, the call at 3 s creates the second pod.
  assertEquals(creations([0, 2.5]), [0, 3]);
});
