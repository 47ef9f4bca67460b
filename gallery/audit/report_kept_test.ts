import { assert, assertEquals } from "@std/assert";
import { createFakeLog } from "../../shared/fake_log.ts";
import { createGalleryMetrics } from "../metrics.ts";
import { reportKept } from "./report_kept.ts";

Deno.test("chains whose old events stay are in the log and in a metric, until there are none", async () => {
  const { log, lines } = createFakeLog();
  const metrics = createGalleryMetrics();
  const report = reportKept(log, metrics);
  const gauge = async () =>
    /^face_it_gallery_audit_changed_chains (.*)$/m.exec(await metrics.text());
  report([]);
  assertEquals([lines.length, (await gauge())?.[1]], [0, "0"]);
  const names = Array.from({ length: 1000 }, (_, i) => `chain ${i}`);
  report(names);
  assertEquals((await gauge())?.[1], "1000");
  assertEquals(lines.length, 1);
  assertEquals([lines[0]!["level"], lines[0]!["chains"]], ["error", 1000]);
  assertEquals(lines[0]!["names"], names.slice(0, 20));
  assert(String(lines[0]!["msg"]).includes("audit verify"));
  report([]);
  assertEquals([lines.length, (await gauge())?.[1]], [1, "0"]);
});
