/** Claimed workers that wait for their next request. */

import type { LeasedWorker } from "../pool.ts";
import { haveSameTemplate, type Pod } from "./pod.ts";

/** A pod that this replica has claimed. */
export interface ClaimedWorker extends LeasedWorker {
  readonly pod: Pod;
  /** When its claim is over; milliseconds of the monotonic clock. */
  readonly until: number;
  served: number;
}

/** Settings and surroundings of {@linkcode KeptWorkers}. */
export interface KeptWorkersOptions {
  readonly requestsPerWorker: number;
  /** A request is over by then. */
  readonly requestTimeoutMs: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** A worker will serve no more. */
  readonly onDone: (worker: ClaimedWorker) => void;
}

/** The workers that one replica keeps, and how long each may serve. */
export class KeptWorkers {
  readonly #options: KeptWorkersOptions;
  readonly #workers = new Set<ClaimedWorker>();

  constructor(options: KeptWorkersOptions) {
    this.#options = options;
  }

  /** Whether there is none, not even one whose time is up. */
  get isEmpty(): boolean {
    return this.#workers.size === 0;
  }

  /** How many may serve now. */
  get size(): number {
    return this.#workers.values().filter((worker) => this.mayServe(worker)).toArray().length;
  }

  /** Whether a worker has requests left, and time for a whole one before its claim is over. */
  mayServe({ served, until }: ClaimedWorker): boolean {
    const { requestsPerWorker, requestTimeoutMs, now } = this.#options;
    return served < requestsPerWorker && now() + requestTimeoutMs <= until;
  }

  /** Keeps a worker until it is taken. */
  keep(worker: ClaimedWorker): void {
    this.#workers.add(worker);
  }

  /** Takes the one that has been kept longest; those whose time is up are done. */
  take(): ClaimedWorker | undefined {
    for (const worker of this.#workers) {
      this.#workers.delete(worker);
      if (this.mayServe(worker)) return worker;
      this.#options.onDone(worker);
    }
    return undefined;
  }

  /** A pod does not serve any more. */
  drop({ uid }: Pod): void {
    this.#dropWhere((worker) => worker.pod.uid === uid);
  }

  /** Only those made of the same template as that pod may go on. */
  dropUnlike(pod: Pod): void {
    this.#dropWhere((worker) => !haveSameTemplate(worker.pod, pod));
  }

  /** None is needed any more. */
  dropAll(): void {
    this.#dropWhere(() => true);
  }

  #dropWhere(is: (worker: ClaimedWorker) => boolean): void {
    for (const worker of this.#workers.values().filter(is)) {
      this.#workers.delete(worker);
      this.#options.onDone(worker);
    }
  }
}
