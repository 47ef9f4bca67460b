/** The pool of worker processes on this machine. */

import { backoffMs, delay } from "../../backoff.ts";
import { GALLERY_WITHOUT_MODEL } from "../../gallery_without_model.ts";
import { describeError, type Logger } from "../../log.ts";
import { lease } from "../lease.ts";
import {
  type LeasedWorker,
  NoWorkerAvailable,
  type PoolStats,
  type WorkerLease,
  type WorkerPool,
} from "../pool.ts";
import type { PoolMetrics } from "../pool_metrics.ts";
import { RetryAfter } from "../retry_after.ts";
import { WaitQueue } from "../wait_queue.ts";
import { GalleryVersions } from "./gallery_versions.ts";

/** A worker process that is ready. */
export interface WorkerProcess extends LeasedWorker {
  readonly pid: number;
  /** Fingerprint of the gallery that the process has loaded. */
  readonly gallery: string;
  /** True when that gallery does not name the model that made its templates. */
  readonly withoutModel?: boolean;
  /** Resolves when the process has ended, for any reason. */
  readonly ended: Promise<void>;
  /** Returns how the process has ended by itself; undefined when the pool has ended it. */
  ownEnd(): string | undefined;
  /** Kills the process immediately. */
  kill(): void;
}

/**
 * Starts a worker process and waits until it is ready.
 *
 * `onGallery` is called with the fingerprint of the gallery that exists: first before the process is
 * ready, then each time that the process sees another gallery.
 *
 * @throws when the process ends before it is ready, or is not ready in time; no process is left
 * @throws the signal's reason
 */
export type LaunchWorker = (
  name: string,
  signal: AbortSignal,
  onGallery?: (fingerprint: string) => void,
) => Promise<WorkerProcess>;

/** Settings of a {@linkcode ProcessPool}, and the services that it uses. */
export interface ProcessPoolOptions {
  /** Number of processes that the pool keeps running. */
  readonly size: number;
  /** Number of claims that may wait. */
  readonly queueLimit: number;
  /** Number of requests that a worker serves before it is destroyed. */
  readonly requestsPerWorker: number;
  readonly launch: LaunchWorker;
  readonly log: Logger;
  readonly metrics: PoolMetrics;
  /** Returns milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Returns a random number, 0 to 1. */
  readonly random: () => number;
}

const BACKOFF = { firstMs: 100, maxMs: 10_000 };
/** A free worker that dies sooner than this counts as a failed start. */
const HEALTHY_AFTER_MS = 5000;

interface Worker {
  readonly process: WorkerProcess;
  served: number;
  alive: boolean;
}

/**
 * Keeps `size` worker processes running. Each of `size` slots runs one process after another: it
 * launches a process, waits until the process has ended, then launches the next one.
 *
 * When the gallery changes, the pool first launches one more process. When that process is ready, the
 * new gallery is proven to be usable, and all free processes with an older gallery are killed. A
 * gallery that cannot be loaded kills no process.
 */
export class ProcessPool implements WorkerPool {
  readonly #options: ProcessPoolOptions;
  readonly #free: Worker[] = [];
  readonly #busy = new Set<Worker>();
  readonly #queue: WaitQueue<Worker>;
  readonly #retryAfter: RetryAfter;
  readonly #closing = new AbortController();
  readonly #slots: Promise<void>[];
  readonly #opened: number;
  readonly #gallery = new GalleryVersions();
  /** Resolves when a worker has loaded the changed gallery, or none will; undefined before and after. */
  #proving: Promise<void> | undefined;
  /** A ready process that no slot has taken yet. */
  #spare: WorkerProcess | undefined;
  #starting = 0;
  #launched = 0;
  /** Number of launches whose worker became ready. */
  #ready = 0;

  /** Resolves when the first worker is ready; rejects when a launch fails before that. */
  readonly started: Promise<void>;

  constructor(options: ProcessPoolOptions) {
    this.#options = options;
    this.#queue = new WaitQueue(options.queueLimit);
    this.#retryAfter = new RetryAfter(options.now);
    this.#opened = options.now();
    const started = Promise.withResolvers<void>();
    this.started = started.promise;
    this.started.catch(() => {});
    this.#slots = Array.from({ length: options.size }, () => this.#runSlot(started));
  }

  stats(): PoolStats {
    return {
      free: this.#free.length,
      busy: this.#busy.size,
      starting: this.#starting,
      waiters: this.#queue.length,
      warmed: this.#ready > 0,
    };
  }

  refusal(detail: string, cause?: Error): NoWorkerAvailable {
    this.#options.metrics.shed();
    return new NoWorkerAvailable(detail, this.#retryAfter.promise(this.#queue.length), cause);
  }

  async claim(signal: AbortSignal): Promise<WorkerLease> {
    const { metrics, now } = this.#options;
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const arrived = now();
    let worker = this.#free.shift();
    if (worker === undefined) {
      if (this.#queue.full) throw this.refusal("All workers are busy and the queue is full");
      worker = await this.#queue.wait(signal);
    } else {
      this.#busy.add(worker);
    }
    metrics.waitSeconds((now() - arrived) / 1000);
    metrics.claimSeconds(0);
    return this.#lease(worker);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new NoWorkerAvailable("The service is shutting down", 1));
    this.#queue.rejectAll(() => this.#closing.signal.reason);
    for (const worker of this.#free) worker.process.kill();
    await this.#proving;
    await Promise.all(this.#slots);
    this.#spare?.kill();
    await this.#spare?.ended;
  }

  /** Runs one process after another, until the pool closes. */
  async #runSlot(started: PromiseWithResolvers<void>): Promise<void> {
    const { log, now, random } = this.#options;
    const closing = this.#closing.signal;
    let failures = 0;
    while (!closing.aborted) {
      const spare = this.#takeSpare();
      const name = spare?.name ?? this.#nextName();
      try {
        const process = spare ?? await this.#launch(name);
        started.resolve();
        const born = now();
        const diedEarly = await this.#serve(process) && now() - born < HEALTHY_AFTER_MS;
        failures = diedEarly ? failures + 1 : 0;
      } catch (error) {
        started.reject(error);
        if (closing.aborted) break;
        failures++;
        // Before a worker is ready, every slot fails alike, and `started` tells the reason.
        if (this.#ready > 0) {
          log.error(
            { worker: name, error: describeError(error), failures },
            "worker did not start",
          );
        }
      }
      if (failures > 0) {
        await this.#pause(backoffMs(failures, BACKOFF, random()), this.#gallery.changed);
      }
    }
  }

  async #launch(name: string): Promise<WorkerProcess> {
    this.#starting++;
    using cleanup = new DisposableStack();
    cleanup.defer(() => this.#starting--);
    const process = await this.#options.launch(name, this.#closing.signal, (fingerprint) => {
      if (this.#gallery.see(fingerprint)) this.#replaceOld();
    });
    const isFirst = this.#gallery.prove(process.gallery);
    if (isFirst && process.withoutModel) this.#options.log.warn(GALLERY_WITHOUT_MODEL);
    return process;
  }

  #isOld(process: WorkerProcess): boolean {
    return this.#gallery.isOld(process.gallery);
  }

  #nextName(): string {
    return `worker-${++this.#launched}`;
  }

  #takeSpare(): WorkerProcess | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  /** Kills the free workers with an old gallery, once a worker has loaded the new one. */
  #replaceOld(): void {
    if (this.#closing.signal.aborted) return;
    if (!this.#gallery.isProven) {
      if (this.#free.length === 0) return;
      this.#proving ??= this.#proveGallery().finally(() => {
        this.#proving = undefined;
        this.#replaceOld();
      });
      return;
    }
    const old = this.#free.filter(({ process }) => this.#isOld(process));
    if (old.length === 0) return;
    this.#options.log.info({ workers: old.length }, "gallery changed, replacing workers");
    for (const worker of old) {
      this.#removeFree(worker);
      worker.process.kill();
    }
  }

  /**
   * Launches one more worker, again and again, until a worker has loaded the new gallery. Ends early
   * when no worker is left: then every slot launches a worker itself.
   */
  async #proveGallery(): Promise<void> {
    const { log, random } = this.#options;
    const closing = this.#closing.signal;
    let failures = 0;
    while (!closing.aborted && !this.#gallery.isProven && this.#free.length + this.#busy.size > 0) {
      const { changed } = this.#gallery;
      const name = this.#nextName();
      try {
        const process = await this.#launch(name);
        if (this.#isOld(process) || !this.#free.some((worker) => this.#isOld(worker.process))) {
          // The gallery has changed again, or no slot needs this process: all are starting a worker
          // or have a new one.
          process.kill();
          continue;
        }
        // The slot of a worker that is killed now takes this process.
        this.#spare = process;
        this.#replaceOld();
      } catch (error) {
        if (closing.aborted) break;
        failures = changed.aborted ? 0 : failures + 1;
        log.error(
          { worker: name, error: describeError(error), failures },
          "the changed gallery cannot be loaded, workers with the old gallery stay",
        );
        if (failures > 0) await this.#pause(backoffMs(failures, BACKOFF, random()), changed);
      }
    }
  }

  /**
   * Gives a process to the pool, and waits until the process ends.
   *
   * @returns True when the process died while it was free
   */
  async #serve(process: WorkerProcess): Promise<boolean> {
    const { size, now } = this.#options;
    if (++this.#ready === size) this.#retryAfter.assume((now() - this.#opened) / size);
    const worker: Worker = { process, served: 0, alive: true };
    this.#offer(worker);
    await process.ended;
    worker.alive = false;
    const wasFree = this.#removeFree(worker);
    // Only the death of a free worker is reported here. At the end of a lease the pool itself kills
    // the worker. When a worker dies during its lease, its request fails, and that is logged.
    if (!wasFree || this.#closing.signal.aborted) return false;
    this.#options.metrics.reaped("died_idle");
    this.#options.log.warn({ worker: process.name }, "worker died idle");
    return true;
  }

  /** Waits until the time has passed, the pool closes or `signal` aborts. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return delay(ms, AbortSignal.any([this.#closing.signal, signal])).catch(() => {});
  }

  /** Gives a ready worker to the claim that came first, or keeps it free. */
  #offer(worker: Worker): void {
    const isReplaced = this.#gallery.isProven && this.#isOld(worker.process);
    if (this.#closing.signal.aborted || isReplaced) {
      worker.process.kill();
      return;
    }
    this.#retryAfter.workerArrived(this.#queue.length);
    // Count the worker as busy now: the claim that gets it continues only in a later microtask.
    if (this.#queue.length > 0) this.#busy.add(worker);
    if (!this.#queue.offer(worker)) this.#free.push(worker);
    this.#replaceOld();
  }

  /** Removes a worker from the free workers. Returns false when it was not free. */
  #removeFree(worker: Worker): boolean {
    const index = this.#free.indexOf(worker);
    if (index >= 0) this.#free.splice(index, 1);
    return index >= 0;
  }

  #lease(worker: Worker): WorkerLease {
    worker.served++;
    return lease(worker.process, (kept) => {
      this.#busy.delete(worker);
      const isUseful = kept && worker.alive && worker.served < this.#options.requestsPerWorker;
      if (isUseful) this.#offer(worker);
      else worker.process.kill();
    });
  }
}
