import { assertEquals } from "@std/assert";
import { RateLimit } from "./rate_limit.ts";

Deno.test("a burst passes at once, later calls pass at the rate", () => {
  const limit = new RateLimit({ qps: 4, burst: 2 });
  assertEquals([0, 0, 0, 0].map((now) => limit.take(now)), [0, 0, 0.25, 0.5]);
});

Deno.test("a pause restores the burst and nothing beyond it", () => {
  const limit = new RateLimit({ qps: 4, burst: 2 });
  for (let i = 0; i < 4; i++) limit.take(0);
  assertEquals([100, 100, 100].map((now) => limit.take(now)), [0, 0, 0.25]);
});
