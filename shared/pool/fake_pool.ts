/** A pool for tests. Its workers are only names. */

import { lease } from "./lease.ts";
import {
  type LeasedWorker,
  NoWorkerAvailable,
  type PoolStats,
  type WorkerLease,
  type WorkerPool,
} from "./pool.ts";
import { WaitQueue } from "./wait_queue.ts";

/** Settings of a {@linkcode FakePool}. */
export interface FakePoolOptions {
  /** Workers that are free at first; 0 by default. */
  readonly free?: number;
  /** Claims that may wait; 10 by default. */
  readonly queueLimit?: number;
  /** See {@linkcode LeasedWorker.settlingMs}; undefined by default. */
  readonly settlingMs?: number | undefined;
}

/** The state of a worker that was leased. */
export interface FakeLease {
  readonly name: string;
  state: "busy" | "kept" | "destroyed" | "distrusted";
}

/** Leases its workers in order. A kept worker is free again; a destroyed one is not replaced. */
export class FakePool implements WorkerPool {
  /** All leases so far, in the order of the claims. */
  readonly leases: FakeLease[] = [];
  /** The `Retry-After` of every refusal. */
  readonly retryAfterSeconds = 7;
  /** Number of refusals so far. */
  refusals = 0;
  readonly #free: LeasedWorker[] = [];
  readonly #settling: Pick<LeasedWorker, "settlingMs">;
  readonly #queue: WaitQueue<LeasedWorker>;
  #made = 0;
  #closed = false;

  constructor(options: FakePoolOptions = {}) {
    const { settlingMs } = options;
    this.#settling = settlingMs === undefined ? {} : { settlingMs };
    this.#queue = new WaitQueue(options.queueLimit ?? 10);
    for (let i = 0; i < (options.free ?? 0); i++) this.add();
  }

  /** Adds a worker that is ready. */
  add(): void {
    const name = `worker-${++this.#made}`;
    this.#offer({ name, url: new URL(`http://${name}.test:8080`), ...this.#settling });
  }

  async claim(signal: AbortSignal): Promise<WorkerLease> {
    signal.throwIfAborted();
    if (this.#closed) throw this.refusal("The service is shutting down");
    if (this.#free.length === 0 && this.#queue.full) throw this.refusal("The queue is full");
    const worker = this.#free.shift() ?? await this.#queue.wait(signal);
    const leased: FakeLease = { name: worker.name, state: "busy" };
    this.leases.push(leased);
    return lease(worker, (kept, isTrusted) => {
      leased.state = kept ? "kept" : isTrusted ? "destroyed" : "distrusted";
      if (kept) this.#offer(worker);
    });
  }

  stats(): PoolStats {
    return {
      free: this.#free.length,
      busy: this.leases.filter(({ state }) => state === "busy").length,
      starting: 0,
      waiters: this.#queue.length,
      warmed: this.#made > 0,
    };
  }

  refusal(detail: string, cause?: Error): NoWorkerAvailable {
    this.refusals++;
    return new NoWorkerAvailable(detail, this.retryAfterSeconds, cause);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#queue.rejectAll(() => this.refusal("The service is shutting down"));
    return Promise.resolve();
  }

  #offer(worker: LeasedWorker): void {
    if (!this.#queue.offer(worker)) this.#free.push(worker);
  }
}
