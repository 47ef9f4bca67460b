/** Warm workers, each leased to one request at a time: the interface that every backend has. */

import { Problem } from "../../shared/contract/problem.ts";

/** A pool of warm workers. */
export interface WorkerPool extends AsyncDisposable {
  /**
   * Waits its turn (first come, first served) for a warm worker.
   *
   * @param signal Ends the waiting; what is claimed at that moment is given back
   * @throws {NoWorkerAvailable} when too many wait already, or the pool is closing
   * @throws the signal's reason
   */
  claim(signal: AbortSignal): Promise<WorkerLease>;
  /** How the pool is doing at this moment. */
  stats(): PoolStats;
  /** What a request is told for which there is no worker: counted, and with a time to come again. */
  refusal(detail: string): NoWorkerAvailable;
  /**
   * Closes the pool: who waits is refused at once, leases may end in peace, and the promise
   * resolves when no worker is left.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A worker as the api sees it. */
export interface LeasedWorker {
  /** The audience of the tokens that it accepts. */
  readonly name: string;
  /** Where it listens, without a path. */
  readonly url: URL;
}

/**
 * A worker that belongs to one request. Leaving the scope of `await using lease` destroys it; the
 * disposal only begins that, so that no answer waits for it.
 */
export interface WorkerLease extends AsyncDisposable {
  /** Whom to send the request to. */
  readonly worker: LeasedWorker;
  /**
   * The request ended cleanly: the worker may serve again while REQUESTS_PER_WORKER allows. Without
   * this it is destroyed.
   */
  keep(): void;
}

/** Counts of a pool. */
export interface PoolStats {
  /** Workers that a claim would get at once. */
  readonly free: number;
  /** Workers that a request holds. */
  readonly busy: number;
  /** Workers that are on their way. */
  readonly starting: number;
  /** Claims that wait for a worker. */
  readonly waiters: number;
  /** There has been a ready worker since the start. */
  readonly warmed: boolean;
}

/** No worker could be had. The client may come again after `retryAfterSeconds`. */
export class NoWorkerAvailable extends Problem {
  /**
   * A refusal.
   *
   * @param detail What the client is told
   * @param retryAfterSeconds At least 1
   */
  constructor(detail: string, retryAfterSeconds: number) {
    super("no_worker_available", detail, { retryAfterSeconds });
  }
}
