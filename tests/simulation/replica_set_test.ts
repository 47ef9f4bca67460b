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
  // 0: creates the first pod, 1: writes the status, 2 and 3: create the other two.
  assertEquals(creations([0, 0, 0]), [0, 2, 3]);
});

Deno.test("a created pod and a Ready pod each cost one write of the status", () => {
  // 0: creates, 1: status, 2: status with the new pod, 3: status with the Ready pod.
  assertEquals(creations([0, 3.5], [2.5]), [0, 4]);
  assertEquals(creations([0, 2.5]), [0, 3]);
});
