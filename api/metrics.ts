/** The metrics of the api. Dashboards and alerts rely on their names. */

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { FaceFault } from "../shared/contract/face_policy.ts";
import type { SealState } from "../shared/contract/worker_seal.ts";
import type { PoolMetrics } from "../shared/pool/pool_metrics.ts";

/** Events that the pools of the api report. */
export interface ApiPoolMetrics extends PoolMetrics {
  /** Another replica claimed the pod first. `code` is the HTTP status of the Kubernetes API. */
  lostClaim(code: string): void;
  /** A watch restarts after a failure. A watch that ends normally is not counted. */
  watchRestart(): void;
  /** A worker could not be deleted. */
  deleteFailure(): void;
  /** A call to the Kubernetes API failed, with this status code. */
  apiFailure(call: string, code: string): void;
}

/** Counts of the workers and claims of a pool. They are read on each scrape. */
export interface PoolGauges {
  /** Workers that a claim would get without waiting. */
  readonly free: number;
  /** Workers that a request holds. */
  readonly busy: number;
  /** Claims that wait for a worker. */
  readonly waiters: number;
}

/** All metrics of the api. */
export interface ApiMetrics {
  readonly pool: ApiPoolMetrics;
  /**
   * A request to /authenticate ended.
   *
   * @param outcome `matched`, `not_matched`, `client_gone` or an error code
   */
  authenticated(outcome: string, seconds: number): void;
  /**
   * A worker answered about a picture, or refused it.
   *
   * @param seal How far the worker has closed itself in, as it says itself
   */
  workerAnswered(seal: SealState): void;
  /** A worker measured the liveness score of a face, 0 to 1. */
  observedLiveness(score: number): void;
  /** A policy has observed a fault of a face, or has refused the face for it. */
  faceFault(fault: FaceFault): void;
  /**
   * A call to the gallery service ended.
   *
   * @param call Purpose of the call
   * @param outcome `ok`, `aborted` or an error code
   */
  galleryCalled(call: string, outcome: string, seconds: number): void;
  /** Registers the gauges, which call `stats` on each scrape. */
  observePool(stats: () => PoolGauges): void;
  /** Returns all metrics in the Prometheus text format. */
  text(): Promise<string>;
  /** Media type of {@linkcode text}. */
  readonly contentType: string;
}

const LATENCY_BUCKETS = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

/** 0.19 is the score at which both error rates are equal: docs/accuracy.md. */
const LIVENESS_BUCKETS = [.05, .1, .19, .3, .5, .7, .9, .95, 1];

/** Creates every metric, so that the first scrape has all of them. */
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
  const waitSeconds = histogram(
    "face_it_pool_wait_seconds",
    "Time that a claim waited in the queue",
  );
  const lostClaims = counter(
    "face_it_pool_lost_claims_total",
    "Claims lost to another replica, by status code of the Kubernetes API",
    ["code"],
  );
  const shed = counter(
    "face_it_pool_shed_total",
    "Requests refused because no worker was available",
  );
  const reaped = counter(
    "face_it_pool_reaped_total",
    "Workers removed outside a request, by reason",
    ["reason"],
  );
  const watchRestarts = counter(
    "face_it_pool_watch_restarts_total",
    "Watches restarted after a failure",
  );
  const deleteFailures = counter(
    "face_it_pool_delete_failures_total",
    "Workers that could not be deleted",
  );
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
  const gallery = histogram(
    "face_it_gallery_call_seconds",
    "Time until the gallery service has answered, by call and outcome",
    ["call", "outcome"],
  );
  const workerAnswers = counter(
    "face_it_worker_answers_total",
    "Answers of workers about pictures, by the seal that the worker says to have: full, partial, none",
    ["seal"],
  );
  const liveness = new Histogram({
    name: "face_it_liveness_score",
    help: "Liveness score of recognised faces, with LIVENESS=observe or enforce",
    buckets: LIVENESS_BUCKETS,
    registers,
  });
  const faults = counter(
    "face_it_face_faults_total",
    "Faces with a fault that a policy observes or enforces, by fault: face_unclear, not_live",
    ["fault"],
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
    galleryCalled: (call, outcome, seconds) => gallery.observe({ call, outcome }, seconds),
    workerAnswered: (seal) => workerAnswers.inc({ seal }),
    observedLiveness: (score) => liveness.observe(score),
    faceFault: (fault) => faults.inc({ fault }),
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
      gauge("free", "Workers that a claim would get without waiting");
      gauge("busy", "Workers that a request holds");
      gauge("waiters", "Claims that wait for a worker");
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
