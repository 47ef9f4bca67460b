/** Claimed workers that wait to serve again. */

import type { LeasedWorker } from "../../../shared/pool/pool.ts";
import { haveSameTemplate, type Pod } from "./pod.ts";

/** A pod that this replica has claimed. */
export interface ClaimedWorker extends LeasedWorker {
  readonly pod: Pod;
  /** End of the claim, in milliseconds of the monotonic clock. */
  readonly until: number;
  /** Number of requests so far. */
  served: number;
  settlingMs?: number;
}

/** Settings of {@linkcode KeptWorkers}. */
export interface KeptWorkersOptions {
  /** Number of requests that a worker serves before it is destroyed. */
  readonly requestsPerWorker: number;
  /** Milliseconds that a request may last. */
  readonly requestTimeoutMs: number;
  /** Returns milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Called with a worker that will not serve again. */
  readonly onDone: (worker: ClaimedWorker) => void;
}

/** The workers that one replica keeps, until they are taken or can no longer serve. */
export class KeptWorkers {
  readonly #options: KeptWorkersOptions;
  readonly #workers = new Set<ClaimedWorker>();

  constructor(options: KeptWorkersOptions) {
    this.#options = options;
  }

  /** True when no worker is kept. A worker counts as kept even when its claim is about to end. */
  get isEmpty(): boolean {
    return this.#workers.size === 0;
  }

  /** Number of kept workers that can serve again now. */
  get size(): number {
    return this.#workers.values().filter((worker) => this.canServeAgain(worker)).toArray().length;
  }

  /** True when a worker has requests left, and time for a whole request before its claim ends. */
  canServeAgain({ served, until }: ClaimedWorker): boolean {
    const { requestsPerWorker, requestTimeoutMs, now } = this.#options;
    return served < requestsPerWorker && now() + requestTimeoutMs <= until;
  }

  /** Keeps a worker. */
  keep(worker: ClaimedWorker): void {
    this.#workers.add(worker);
  }

  /** Takes the first kept worker that can serve again, and drops the workers before it. */
  take(): ClaimedWorker | undefined {
    for (const worker of this.#workers) {
      this.#workers.delete(worker);
      if (this.canServeAgain(worker)) return worker;
      this.#options.onDone(worker);
    }
    return undefined;
  }

  /** Takes out a worker that has ended. */
  remove(worker: ClaimedWorker): void {
    this.#workers.delete(worker);
  }

  /** Drops the workers of a pod. */
  drop({ uid }: Pod): void {
    this.#dropWhere((worker) => worker.pod.uid === uid);
  }

  /** Drops the workers whose pods have a different template than this pod. */
  dropOtherTemplates(pod: Pod): void {
    this.#dropWhere((worker) => !haveSameTemplate(worker.pod, pod));
  }

  /** Drops all workers. */
  dropAll(): void {
    this.#dropWhere(() => true);
  }

  #dropWhere(condition: (worker: ClaimedWorker) => boolean): void {
    for (const worker of this.#workers.values().filter(condition)) {
      this.#workers.delete(worker);
      this.#options.onDone(worker);
    }
  }
}
