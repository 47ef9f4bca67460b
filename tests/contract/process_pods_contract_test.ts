/** The tests of every pool, with isolation "process": the workers are processes in pods. */

import { createLogger } from "../../shared/log.ts";
import { openProcessPods } from "./process_pods_pool.ts";
import { type PoolBackend, testPoolContract } from "./pool_contract.ts";
import type { ProcessPodsCluster } from "./process_pods.ts";
import { needs } from "../support/needs.ts";

async function openBackend(): Promise<PoolBackend> {
  const log = await createLogger({ level: "silent", format: "json", service: "test" });
  const stack = new AsyncDisposableStack();
  let cluster: ProcessPodsCluster | undefined;
  return {
    async open({ size, ...settings }) {
      // One claimed pod has all processes.
      const opened = stack.use(
        await openProcessPods({ ...settings, perPod: size, maxPods: 1, requestsPerPod: 1000, log }),
      );
      cluster = opened.cluster;
      return opened.pool;
    },
    exists: (name) => Promise.resolve(cluster?.running.has(name) ?? false),
    count: () => Promise.resolve(cluster?.running.size ?? 0),
    kill: async (name) => void await cluster?.kill(name),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

testPoolContract("pool of processes in pods", openBackend, needs("linux"));
