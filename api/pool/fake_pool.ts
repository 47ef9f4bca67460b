/** A pool for tests, whose workers are only names. */

import { type LeasedWorker, NoWorkerAvailable, type PoolStats } from "./pool.ts";
import type { WorkerLease, WorkerPool } from "./pool.ts";
import { WaitQueue } from "./wait_queue.ts";

/** How a {@linkcode FakePool} begins. */
export interface FakePoolOptions {
  /** Workers that are free at first. */
  readonly free?: number;
  /** Claims that may wait. */
  readonly queueLimit?: number;
}

/** What became of a worker that was claimed. */
export interface FakeLease {
  readonly name: string;
  state: "busy" | "kept" | "destroyed";
}

/** Leases its workers in order; a kept worker is free again, a destroyed one is not replaced. */
export class FakePool implements WorkerPool {
  /** Every lease so far, in the order of the claims. */
  readonly leases: FakeLease[] = [];
  /** What every refusal tells its client. */
  readonly retryAfterSeconds = 7;
  /** Refusals so far. */
  refusals = 0;
  readonly #free: LeasedWorker[] = [];
  readonly #queue: WaitQueue<LeasedWorker>;
  #made = 0;
  #closed = false;

  constructor(options: FakePoolOptions = {}) {
    this.#queue = new WaitQueue(options.queueLimit ?? 10);
    for (let i = 0; i < (options.free ?? 0); i++) this.add();
  }

  /** A new worker is ready. */
  add(): void {
    const name = `worker-${++this.#made}`;
    this.#give({ name, url: new URL(`http://${name}.test:8080`) });
  }

  async claim(signal: AbortSignal): Promise<WorkerLease> {
    signal.throwIfAborted();
    if (this.#closed) throw this.refusal("The service is shutting down");
    if (this.#free.length === 0 && this.#queue.full) throw this.refusal("The queue is full");
    const worker = this.#free.shift() ?? await this.#queue.wait(signal);
    const lease: FakeLease = { name: worker.name, state: "busy" };
    this.leases.push(lease);
    let kept = false;
    return {
      worker,
      keep: () => {
        kept = true;
      },
      [Symbol.asyncDispose]: () => {
        if (lease.state === "busy") {
          lease.state = kept ? "kept" : "destroyed";
          if (kept) this.#give(worker);
        }
        return Promise.resolve();
      },
    };
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

  refusal(detail: string): NoWorkerAvailable {
    this.refusals++;
    return new NoWorkerAvailable(detail, this.retryAfterSeconds);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#queue.rejectAll(() => this.refusal("The service is shutting down"));
    return Promise.resolve();
  }

  #give(worker: LeasedWorker): void {
    if (!this.#queue.offer(worker)) this.#free.push(worker);
  }
}
