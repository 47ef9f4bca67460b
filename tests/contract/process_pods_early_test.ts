/** Pods of processes that are used before their status says that they are ready. */

import { assertEquals } from "@std/assert";
import { createLogger } from "../../shared/log.ts";
import { forever } from "../support/forever.ts";
import { needs } from "../support/needs.ts";
import { openProcessPods } from "./process_pods_pool.ts";

needs("linux")("a supervisor is asked if its pod is ready, and its processes serve", async () => {
  const log = await createLogger({ level: "silent", format: "json", service: "test" });
  await using opened = await openProcessPods({
    perPod: 1,
    maxPods: 1,
    queueLimit: 2,
    requestsPerWorker: 1,
    requestsPerPod: 10,
    reportsReady: false,
    log,
  });
  const { pool, cluster } = opened;
  for (let i = 0; i < 2; i++) {
    await using lease = await pool.claim(forever());
    assertEquals(lease.worker.name.startsWith("pod-1"), true);
    assertEquals((await cluster.read("pod-1")).ready, false);
  }
  assertEquals(cluster.deleted, []);
});
