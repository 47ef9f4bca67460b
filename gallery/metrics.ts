/** The metrics of the gallery service: numbers without names. */

import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Counts of what is in memory. They are read on each scrape. */
export interface GalleryGauges {
  readonly users: number;
  readonly templates: number;
}

/** All metrics of the gallery service. */
export interface GalleryMetrics {
  /**
   * A decision ended.
   *
   * @param outcome `matched`, `not_matched` or an error code
   */
  decided(outcome: string, seconds: number): void;
  /** A try has failed and was counted: to be one user, to be anybody, or to enrol. */
  failedTry(kind: "user" | "search" | "enrolment"): void;
  /** A call was refused because too many tries have failed. */
  refusedTry(code: "too_many_attempts" | "locked"): void;
  /** A call has begun. Returns the function to call when it has ended. */
  callBegins(): () => void;
  /** The store did not answer. */
  storeError(): void;
  /** The index has applied the changes of the store. */
  caughtUp(seconds: number): void;
  /** A checkpoint of the audit is in the log. */
  checkpointWritten(): void;
  /** Registers the gauge of the audit's events that no checkpoint has. `unsigned` counts them. */
  observeAudit(unsigned: () => number): void;
  /** A purge of the audit could not delete old events of this number of chains. */
  auditKept(chains: number): void;
  /** Registers the gauges, which call `stats` on each scrape. */
  observe(stats: () => GalleryGauges): void;
  /** Returns all metrics in the Prometheus text format. */
  text(): Promise<string>;
  /** Media type of {@linkcode text}. */
  readonly contentType: string;
}

const BUCKETS = [.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

/** Creates every metric, so that the first scrape has all of them. */
export function createGalleryMetrics(): GalleryMetrics {
  const registry = new Registry();
  const registers = [registry];
  const decisions = new Histogram({
    name: "face_it_gallery_decision_seconds",
    help: "Time to decide whose face an embedding is, by outcome",
    labelNames: ["outcome"],
    buckets: BUCKETS,
    registers,
  });
  const openCalls = new Gauge({
    name: "face_it_gallery_open_calls",
    help: "Calls that have begun and have no answer yet",
    registers,
  });
  const storeErrors = new Counter({
    name: "face_it_gallery_store_errors_total",
    help: "Calls of the store that failed because it is away, full or too slow",
    registers,
  });
  const failedTries = new Counter({
    name: "face_it_gallery_failed_tries_total",
    help:
      "Comparisons below the threshold, and faces that are not live, that count as failed tries, by kind",
    labelNames: ["kind"],
    registers,
  });
  const refusedTries = new Counter({
    name: "face_it_gallery_refused_tries_total",
    help: "Calls that were refused after too many failed tries, by error code",
    labelNames: ["code"],
    registers,
  });
  const catchUp = new Histogram({
    name: "face_it_gallery_catch_up_seconds",
    help: "Time to apply the changes of the store to the index in memory",
    buckets: BUCKETS,
    registers,
  });
  const checkpoints = new Counter({
    name: "face_it_gallery_audit_checkpoints_total",
    help: "Checkpoints of the audit that are in the log",
    registers,
  });
  const changedChains = new Gauge({
    name: "face_it_gallery_audit_changed_chains",
    help: "Chains of the audit whose old events stay, because somebody has changed a row",
    registers,
  });
  return {
    decided: (outcome, seconds) => decisions.observe({ outcome }, seconds),
    failedTry: (kind) => failedTries.inc({ kind }),
    refusedTry: (code) => refusedTries.inc({ code }),
    callBegins() {
      openCalls.inc();
      return () => openCalls.dec();
    },
    storeError: () => storeErrors.inc(),
    caughtUp: (seconds) => catchUp.observe(seconds),
    checkpointWritten: () => checkpoints.inc(),
    observeAudit(unsigned) {
      new Gauge({
        name: "face_it_gallery_audit_unsigned_events",
        help: "Events of the audit that this process has stored since its last checkpoint",
        registers,
        collect() {
          this.set(unsigned());
        },
      });
    },
    auditKept: (chains) => changedChains.set(chains),
    observe(stats) {
      const gauge = (name: keyof GalleryGauges, help: string) =>
        new Gauge({
          name: `face_it_gallery_${name}`,
          help,
          registers,
          collect() {
            this.set(stats()[name]);
          },
        });
      gauge("users", "Users in memory");
      gauge("templates", "Templates in memory");
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
