/** The pool of workers as the rest of the api sees it. Every backend implements this interface. */

import { Problem } from "../contract/problem.ts";

/**
 * A pool of warm workers: they are running before a request needs them. Each worker is leased to
 * one request at a time.
 *
 * @example A worker that is kept becomes free again; without `keep` it would be destroyed
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FakePool } from "./fake_pool.ts";
 *
 * await using pool: WorkerPool = new FakePool({ free: 1 });
 * {
 *   await using lease = await pool.claim(new AbortController().signal);
 *   assertEquals(lease.worker.name, "worker-1");
 *   assertEquals(pool.stats().busy, 1);
 *   lease.keep();
 * }
 * assertEquals(pool.stats().free, 1);
 * ```
 */
export interface WorkerPool extends AsyncDisposable {
  /**
   * Leases a worker, and waits while none is free. Claims are served in the order of arrival.
   *
   * @param signal Ends the waiting when it aborts. A worker that is claimed at that moment is given
   * back
   * @throws {NoWorkerAvailable} when the queue is full, the pool cannot get a worker, or the pool
   * is closing
   * @throws the signal's reason
   */
  claim(signal: AbortSignal): Promise<WorkerLease>;
  /** Returns the current counts. */
  stats(): PoolStats;
  /**
   * Builds the error for a refused request: counts the refusal and sets its `Retry-After`.
   *
   * @param detail One sentence for the client
   * @param cause The reason inside the service; only the log shows it
   */
  refusal(detail: string, cause?: Error): NoWorkerAvailable;
  /**
   * Closes the pool. Waiting claims are refused immediately; leases continue until their requests
   * end. The promise resolves when no worker is left.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A worker as the api sees it. */
export interface LeasedWorker {
  /** The audience of the tokens that the worker accepts. */
  readonly name: string;
  /** Address of the worker, without a path. */
  readonly url: URL;
  /**
   * Milliseconds from the claim during which the network may not let the api reach the worker yet.
   * undefined: a worker that cannot be reached is dead.
   */
  readonly settlingMs?: number;
}

/**
 * A worker that belongs to one request. When the scope of `await using lease` ends, the worker is
 * destroyed. Disposing only starts the destruction and does not wait for its end, so that no answer
 * is delayed.
 */
export interface WorkerLease extends AsyncDisposable {
  /** The worker to send the request to. */
  readonly worker: LeasedWorker;
  /**
   * Marks the worker as good for another request. When the lease ends, the worker stays in the pool
   * if REQUESTS_PER_WORKER allows another request. Without this call, the worker is destroyed.
   */
  keep(): void;
  /**
   * Reports that the worker has died or has answered nonsense. The worker is destroyed, and with
   * it everything that could have been harmed by it: the other workers of its pod get no more
   * requests.
   */
  distrust(): void;
}

/** Counts of a pool. */
export interface PoolStats {
  /** Workers that can be claimed now. */
  readonly free: number;
  /** Workers that are leased to a request. */
  readonly busy: number;
  /** Workers that are starting. */
  readonly starting: number;
  /** Claims that wait for a worker. */
  readonly waiters: number;
  /** True once a worker has been ready. */
  readonly warmed: boolean;
}

/** Error for a request that gets no worker. The client can retry after `retryAfterSeconds`. */
export class NoWorkerAvailable extends Problem {
  /**
   * Makes the error.
   *
   * @param detail One sentence for the client
   * @param retryAfterSeconds At least 1
   * @param cause The reason inside the service; only the log shows it
   */
  constructor(detail: string, retryAfterSeconds: number, cause?: Error) {
    super("no_worker_available", detail, { retryAfterSeconds, cause });
  }
}
