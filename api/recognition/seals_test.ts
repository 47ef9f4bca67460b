import { assertEquals, assertMatch } from "@std/assert";
import { createFakeLog } from "../../shared/fake_log.ts";
import { createApiMetrics } from "../metrics.ts";
import { createSeals } from "./seals.ts";

Deno.test("answers are counted by their seal, and each state is logged once", async () => {
  const metrics = createApiMetrics();
  const { log, lines } = createFakeLog();
  const seals = createSeals(metrics, log);
  for (const seal of ["full", "partial", "full", "partial", "none", undefined, "full"] as const) {
    seals.see(seal);
  }
  assertEquals(lines.map(({ level, seal }) => [level, seal]), [
    ["warn", "partial"],
    ["warn", "none"],
  ]);
  const text = await metrics.text();
  for (const [seal, count] of [["full", 3], ["partial", 2], ["none", 2]]) {
    assertMatch(
      text,
      new RegExp(`^face_it_worker_answers_total\\{seal="${seal}"\\} ${count}$`, "m"),
    );
  }
});
