import { assertEquals } from "@std/assert";
import type { Decision } from "./simulate.ts";
import { summarise } from "./summary.ts";

const decision = (
  request: number,
  outcome: Decision["outcome"],
  waitSeconds?: number,
): Decision => ({ request, outcome, waitSeconds, claimedAt: waitSeconds });

Deno.test("only requests with a worker have waits, the shed share is of all requests", () => {
  const decisions = [
    decision(2, "refused"),
    decision(0, "answered", 3),
    decision(1, "answered", 1),
    decision(4, "late", 5),
    decision(3, "late"),
  ];
  assertEquals(summarise(decisions, 0), { waitP50: 3, waitP99: 5, shed: 3 / 5 });
  assertEquals(summarise(decisions, 1), { waitP50: 1, waitP99: 5, shed: 3 / 4 });
  assertEquals(summarise(decisions, 2), { waitP50: 5, waitP99: 5, shed: 1 });
});

Deno.test("the p99 of a hundred waits is the second longest wait", () => {
  const decisions = Array.from({ length: 100 }, (_, i) => decision(i, "answered", i + 1));
  assertEquals(summarise(decisions, 0), { waitP50: 50, waitP99: 99, shed: 0 });
});
