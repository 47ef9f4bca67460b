import { assertEquals } from "@std/assert";
import { RateLimit } from "./rate_limit.ts";
import { ReplicaSet } from "./replica_set.ts";
import { Timeline } from "./timeline.ts";

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

Deno.test("a sync creates what was missing when it began, then writes the status", () => {
  // The call at 0 creates the first; that at 1 writes the status; those at 2 and 3 create.
  assertEquals(creations([0, 0, 0]), [0, 2, 3]);
});

Deno.test("a created pod and a Ready one cost a write of the status each", () => {
  // 0: create, 1: status, 2: status with the new pod, 3: status with the Ready one.
  assertEquals(creations([0, 3.5], [2.5]), [0, 4]);
  assertEquals(creations([0, 2.5]), [0, 3]);
});
