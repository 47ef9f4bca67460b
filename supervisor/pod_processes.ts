/** The worker processes of a pod: some wait for a request, and each is destroyed after its use. */

import { abortable } from "../shared/abortable.ts";
import type { WorkerLease } from "../shared/pool/pool.ts";
import {
  type LaunchWorker,
  ProcessPool,
  type ProcessPoolOptions,
  type WorkerProcess,
} from "../shared/pool/process/process_pool.ts";
import { processWorkerName } from "../shared/contract/pod_processes.ts";
import { Turns } from "./turns.ts";
import { WorkEnd } from "./work_end.ts";

/** Settings of {@linkcode PodProcesses}, and the services that it uses. */
export interface PodProcessesOptions
  extends Pick<ProcessPoolOptions, "launch" | "log" | "now" | "random"> {
  /** Name of the pod. */
  readonly pod: string;
  /** Number of processes that wait for a request. */
  readonly size: number;
  /** Number of requests that a process serves. */
  readonly requestsPerWorker: number;
  /** Number of requests that all processes serve together. */
  readonly requestsPerPod: number;
  /** Number of processes that start at the same time: each has a limit of time, and needs a core. */
  readonly startsAtOnce: number;
}

/** A process that waits for a request, or serves one. */
export interface PodProcess {
  /** Name under which the process accepts tokens. */
  readonly name: string;
  readonly url: URL;
  /** True while the process serves a request. */
  readonly isServing: boolean;
}

interface Offered extends PodProcess {
  isServing: boolean;
  served: number;
  readonly end: () => void;
}

const untilAborted = (signal: AbortSignal) => abortable(new Promise<never>(() => {}), signal);

/** The supervisor only reports what the api counts. */
const NO_METRICS = { claimSeconds() {}, waitSeconds() {}, shed() {}, reaped() {} };

/**
 * Keeps `size` processes ready. The pool of processes starts and kills them. As soon as a process is
 * ready, it is offered under its name, and `changes` tells so.
 */
export class PodProcesses implements AsyncDisposable {
  readonly #options: PodProcessesOptions;
  readonly #pool: ProcessPool;
  readonly #offered = new Map<string, Offered>();
  /** Processes that are running, by name. */
  readonly #running = new Map<string, WorkerProcess>();
  readonly #closing = new AbortController();
  readonly #offers: Promise<void>[];
  readonly #starts: Turns;
  readonly #work = new WorkEnd(() => this.#change());
  #next = Promise.withResolvers<void>();
  #launched = 0;
  /** Processes that ended before their first request. */
  #lost = 0;
  /** Processes that ended after a request. */
  #used = 0;
  #isFilled = false;

  constructor(options: PodProcessesOptions) {
    this.#options = options;
    this.#starts = new Turns(options.startsAtOnce);
    this.#pool = new ProcessPool({
      size: options.size,
      queueLimit: options.size,
      // A lease of the pool lasts as long as the process.
      requestsPerWorker: 1,
      launch: (...args) => this.#launch(...args),
      log: options.log,
      metrics: NO_METRICS,
      now: options.now,
      random: options.random,
    });
    this.#offers = Array.from({ length: options.size }, () => this.#offerNext());
  }

  /** Resolves when the first process is ready; rejects when a launch fails before that. */
  get started(): Promise<void> {
    return this.#pool.started;
  }

  /** True when every process has been ready once, and the pod takes requests. */
  get isReady(): boolean {
    return this.#isFilled && !this.#work.isOver;
  }

  /**
   * Resolves with the reason when the pod takes no more requests, and the last one has ended.
   */
  get ended(): Promise<string> {
    return this.#work.ended;
  }

  /** Returns the process of that name in this pod; undefined when there is none. */
  find(process: string): PodProcess | undefined {
    return this.#offered.get(process);
  }

  /**
   * Gives a request to a process. The request has ended when the returned function is called, with
   * true if the process may serve again.
   *
   * @returns undefined when the process is gone, or serves another request
   */
  take(process: string): ((isGood: boolean) => void) | undefined {
    const offered = this.#offered.get(process);
    if (offered === undefined || offered.isServing || this.#work.isOver) return undefined;
    offered.isServing = true;
    offered.served++;
    this.#work.begin();
    this.#change();
    return (isGood) => {
      offered.isServing = false;
      if (!isGood || offered.served >= this.#options.requestsPerWorker) offered.end();
      this.#work.done();
      this.#change();
    };
  }

  /** Ends a process. When it serves a request, the request fails. */
  end(process: string): void {
    const offered = this.#offered.get(process);
    if (offered === undefined) return;
    // A process whose lease has ended counts as used, also when it was never asked.
    offered.served ||= 1;
    offered.end();
  }

  /** Takes no more requests: a process has done something that it should not. */
  distrust(reason: string): void {
    if (this.#work.isOver) return;
    this.#options.log.error({ reason }, "the pod takes no more requests");
    this.stop(reason);
  }

  /** Takes no more requests. Those in progress are served to their end. */
  stop(reason: string): void {
    this.#work.stop(reason);
  }

  /**
   * Tells the names of the free processes now and after each change, until the pod takes no more
   * requests or the signal aborts.
   */
  async *changes(signal: AbortSignal): AsyncGenerator<string[]> {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    let told: string | undefined;
    while (!this.#work.isOver && !signal.aborted) {
      const next = this.#next.promise;
      const free = [...this.#offered].filter(([, { isServing }]) => !isServing)
        .map(([name]) => name);
      if (free.join() !== told) {
        told = free.join();
        yield free;
      }
      await Promise.race([next, aborted]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop("closing");
    this.#closing.abort();
    for (const { end } of this.#offered.values()) end();
    await this.#pool[Symbol.asyncDispose]();
    await Promise.all(this.#offers);
  }

  /** Offers one process after another. */
  async #offerNext(): Promise<void> {
    for (;;) {
      let lease: WorkerLease;
      try {
        lease = await this.#pool.claim(this.#closing.signal);
      } catch {
        // The pool is closing.
        return;
      }
      await using leased = lease;
      await this.#offer(leased.worker.name, leased.worker.url);
    }
  }

  /** Offers a process until it is used or dies. */
  async #offer(name: string, url: URL): Promise<void> {
    const process = name.slice(processWorkerName(this.#options.pod, "").length);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const offered: Offered = { name, url, isServing: false, served: 0, end };
    this.#offered.set(process, offered);
    void this.#running.get(name)?.ended.then(end);
    // Of more processes than the pod can use, the others are never launched.
    if (this.#offered.size >= Math.min(this.#options.size, this.#maxUsed)) this.#isFilled = true;
    this.#change();
    await ended;
    this.#offered.delete(process);
    if (offered.served > 0) this.#used++;
    else this.#lost++;
    if (this.#used >= this.#maxUsed) this.stop("used");
    this.#change();
  }

  /** Number of processes that a pod starts in its life, without those that were never used. */
  get #maxUsed(): number {
    const { requestsPerPod, requestsPerWorker } = this.#options;
    return Math.ceil(requestsPerPod / requestsPerWorker);
  }

  #launch: LaunchWorker = async (process, signal, onGallery) => {
    // Enough processes are there for all requests that are left.
    if (this.#launched - this.#lost >= this.#maxUsed) await untilAborted(signal);
    this.#launched++;
    const name = processWorkerName(this.#options.pod, process);
    try {
      const launched = await this.#starts.run(() => this.#options.launch(name, signal, onGallery));
      this.#running.set(name, launched);
      void launched.ended.then(() => this.#see(launched));
      return launched;
    } catch (error) {
      this.#lost++;
      throw error;
    }
  };

  #see(process: WorkerProcess): void {
    this.#running.delete(process.name);
    const end = process.ownEnd();
    if (end !== undefined) this.distrust(`${process.name} has ended by itself: ${end}`);
  }

  #change(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
