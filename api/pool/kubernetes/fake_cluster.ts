/** A pool with a fake API server, for tests. */

import { createFakeLog, type FakeLog } from "../../../shared/fake_log.ts";
import { tick } from "../../../tests/support/tick.ts";
import { createApiMetrics } from "../../metrics.ts";
import type { WorkerLease } from "../../../shared/pool/pool.ts";
import { FakePodApi } from "./api_server/fake_pod_api.ts";
import { FakeDelays } from "./fake_delays.ts";
import { FakeReadyClient } from "./fake_ready_client.ts";
import { KubernetesPool, type ProcessesOptions } from "./kubernetes_pool.ts";
import type { PoolServices } from "./services.ts";

/** Settings of {@linkcode openFakeCluster}. */
export interface FakeClusterOptions {
  /** Number of free pods, `pod-1` and so on; 2 by default. */
  readonly pods?: number;
  /** 3 by default. */
  readonly queueLimit?: number;
  /** 1 by default. A lease for several requests may last 60 s, a request 10 s. */
  readonly requestsPerWorker?: number;
  /** The workers are processes. By default, each worker is a pod. */
  readonly processes?: ProcessesOptions;
  /** "me" by default. */
  readonly replica?: string;
  /** An API server that has pods already, or that other replicas use, too. */
  readonly api?: FakePodApi;
}

/** A pool, and the parts that a test observes or changes. Disposing of them closes the pool. */
export interface FakeCluster extends AsyncDisposable {
  readonly pool: KubernetesPool;
  readonly api: FakePodApi;
  /** The monotonic clock. */
  readonly clock: { ms: number };
  readonly delays: FakeDelays;
  /** Answers the questions to pods. */
  readonly workers: FakeReadyClient;
  readonly lines: FakeLog["lines"];
  /** True when the metrics contain this line. */
  measured(line: string): Promise<boolean>;
}

/** Opens a pool, and waits until it has seen its pods. */
export async function openFakeCluster(
  { pods = 2, api = new FakePodApi(), replica = "me", ...settings }: FakeClusterOptions = {},
): Promise<FakeCluster> {
  for (let i = 1; i <= pods; i++) api.add(`pod-${i}`);
  const { services, clock, delays, lines, measured } = fakeServices(api, replica);
  const workers = new FakeReadyClient();
  const pool = new KubernetesPool({
    queueLimit: 3,
    requestsPerWorker: 1,
    ...settings,
    replica,
    selector: { app: "w", status: "ready" },
    ownerName: "pool",
    workerPort: 8080,
    requestTimeoutMs: 10_000,
    leaseMaxMs: 60_000,
    workers,
    services,
  });
  await tick();
  return {
    pool,
    api,
    clock,
    delays,
    workers,
    lines,
    measured,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** Makes services that a test controls. The random number is always 0. */
export function fakeServices(api: FakePodApi, replica = "me") {
  const clock = { ms: 0 };
  const { log, lines } = createFakeLog();
  const metrics = createApiMetrics();
  const delays = new FakeDelays();
  let claims = 0;
  const services: PoolServices = {
    api,
    log,
    metrics: metrics.pool,
    now: () => clock.ms,
    delay: delays.delay,
    random: () => 0,
    newClaimId: () => `${replica}-${++claims}`,
  };
  const metricLines = async () => (await metrics.text()).split("\n");
  const measured = async (line: string) => (await metricLines()).includes(line);
  return { services, clock, delays, lines, metricLines, measured };
}

/** Ends a lease without keeping its worker. */
export const end = (lease: WorkerLease): PromiseLike<void> => lease[Symbol.asyncDispose]();

/** Ends a lease and keeps its worker. */
export function keep(lease: WorkerLease): PromiseLike<void> {
  lease.keep();
  return end(lease);
}
