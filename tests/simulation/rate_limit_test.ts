import { assertEquals } from "@std/assert";
import { RateLimit } from "./rate_limit.ts";

Deno.test("the calls of a burst do not wait, later calls pass at the rate", () => {
  const limit = new RateLimit({ qps: 4, burst: 2 });
  assertEquals([0, 0, 0, 0].map((now) => limit.take(now)), [0, 0, 0.25, 0.5]);
});

Deno.test("after a long pause, one full burst passes, but no more", () => {
  const limit = new RateLimit({ qps: 4, burst: 2 });
  for (let i = 0; i < 4; i++) limit.take(0);
  assertEquals([100, 100, 100].map((now) => limit.take(now)), [0, 0, 0.25]);
});
