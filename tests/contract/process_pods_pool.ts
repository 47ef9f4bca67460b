/** Opens a pool whose workers are real processes in pods. */

import { createApiMetrics } from "../../api/metrics.ts";
import { KubernetesPool } from "../../api/pool/kubernetes/kubernetes_pool.ts";
import { createReadyClient } from "../../api/pool/kubernetes/ready_client.ts";
import { createSupervisorClient } from "../../api/pool/kubernetes/supervisor_client.ts";
import { delay } from "../../shared/backoff.ts";
import { ProcessPodsCluster, type ProcessPodsSettings } from "./process_pods.ts";

/** Settings of {@linkcode openProcessPods}. */
export interface ProcessPodsPoolSettings extends ProcessPodsSettings {
  readonly queueLimit: number;
  /** Number of pods that the pool may claim at the same time. */
  readonly maxPods: number;
}

/** A pool and its pods. Disposing of it closes the pool and ends all processes. */
export interface OpenedProcessPods extends AsyncDisposable {
  readonly pool: KubernetesPool;
  readonly cluster: ProcessPodsCluster;
}

/** Starts one pod, and opens a pool that claims it. */
export async function openProcessPods(
  settings: ProcessPodsPoolSettings,
): Promise<OpenedProcessPods> {
  await using opening = new AsyncDisposableStack();
  const { cluster } = opening.use(await ProcessPodsCluster.start(settings));
  const pool = opening.use(
    new KubernetesPool({
      replica: "test",
      selector: { app: "w", status: "ready" },
      ownerName: "pool",
      workerPort: cluster.port,
      queueLimit: settings.queueLimit,
      requestsPerWorker: settings.requestsPerWorker,
      requestTimeoutMs: 10_000,
      leaseMaxMs: 3_600_000,
      processes: {
        perPod: settings.perPod,
        maxPods: settings.maxPods,
        supervisors: createSupervisorClient(() => cluster.keys.signing),
      },
      workers: createReadyClient(),
      services: {
        api: cluster,
        log: settings.log,
        metrics: createApiMetrics().pool,
        now: () => performance.now(),
        delay,
        random: Math.random,
        newClaimId: () => crypto.randomUUID(),
      },
    }),
  );
  const stack = opening.move();
  return { pool, cluster, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
