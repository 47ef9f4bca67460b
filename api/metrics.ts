/** The metrics of the api, by the names that dashboards and alerts rely on. */

import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What a pool tells. */
export interface PoolMetrics {
  /** Seconds that taking a worker took, waiting apart. */
  claimSeconds(seconds: number): void;
  /** Seconds that a claim waited for its turn; 0 when it did not. */
  waitSeconds(seconds: number): void;
  /** A claim that another replica won, by the status code that said so. */
  lostClaim(code: string): void;
  /** A request turned away for want of a worker. */
  shed(): void;
  /** A worker removed by the reaper, or one that ended by itself. */
  reaped(reason: string): void;
  /** A watch that failed and begins again; one that ends is begun again without a word. */
  watchRestart(): void;
  deleteFailure(): void;
  /** A call to the cluster that failed, by what was asked and the status code. */
  apiFailure(call: string, code: string): void;
}

/** What a pool holds, read when the metrics are asked for. */
export interface PoolGauges {
  readonly free: number;
  readonly busy: number;
  readonly waiters: number;
}

/** All metrics of the api. */
export interface ApiMetrics {
  readonly pool: PoolMetrics;
  /** A request to /authenticate ended: matched, not_matched, client_gone or an error's code. */
  authenticated(outcome: string, seconds: number): void;
  /** From where the gauges are read. */
  observePool(stats: () => PoolGauges): void;
  /** The Prometheus text format, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
}

const LATENCY_BUCKETS = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

/** Registers every metric, so that all are there from the first scrape on. */
export function createApiMetrics(): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  const histogram = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ) => new Histogram({ name, help, labelNames, buckets: LATENCY_BUCKETS, registers });
  const counter = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ) => new Counter({ name, help, labelNames, registers });

  const claimSeconds = histogram("face_it_pool_claim_seconds", "Time to take a free worker");
  const waitSeconds = histogram("face_it_pool_wait_seconds", "Time a claim waited for its turn");
  const lostClaims = counter(
    "face_it_pool_lost_claims_total",
    "Claims lost to another replica, by the status code that said so",
    ["code"],
  );
  const shed = counter("face_it_pool_shed_total", "Requests turned away for want of a worker");
  const reaped = counter(
    "face_it_pool_reaped_total",
    "Workers removed outside of a request, by reason",
    ["reason"],
  );
  const watchRestarts = counter(
    "face_it_pool_watch_restarts_total",
    "Watches begun again after a failure",
  );
  const deleteFailures = counter("face_it_pool_delete_failures_total", "Workers not deleted");
  const apiFailures = counter(
    "face_it_pool_api_failures_total",
    "Calls to the Kubernetes API that failed, by call and status code",
    ["call", "code"],
  );
  const authenticate = histogram(
    "face_it_authenticate_seconds",
    "Time to answer POST /authenticate, by outcome",
    ["outcome"],
  );
  return {
    pool: {
      claimSeconds: (seconds) => claimSeconds.observe(seconds),
      waitSeconds: (seconds) => waitSeconds.observe(seconds),
      lostClaim: (code) => lostClaims.inc({ code }),
      shed: () => shed.inc(),
      reaped: (reason) => reaped.inc({ reason }),
      watchRestart: () => watchRestarts.inc(),
      deleteFailure: () => deleteFailures.inc(),
      apiFailure: (call, code) => apiFailures.inc({ call, code }),
    },
    authenticated: (outcome, seconds) => authenticate.observe({ outcome }, seconds),
    observePool(stats) {
      const gauge = (name: keyof PoolGauges, help: string) =>
        new Gauge({
          name: `face_it_pool_${name}`,
          help,
          registers,
          collect() {
            this.set(stats()[name]);
          },
        });
      gauge("free", "Workers that a claim would get at once");
      gauge("busy", "Workers that a request holds");
      gauge("waiters", "Claims that wait for a worker");
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
