/** Warm pods of a Deployment: the pool on Kubernetes. */

import type { Logger } from "../../../shared/log.ts";
import type { PoolMetrics } from "../../metrics.ts";
import { abortable } from "../../../shared/abortable.ts";
import { NoWorkerAvailable, type PoolStats, type WorkerLease, type WorkerPool } from "../pool.ts";
import { RetryAfter } from "../retry_after.ts";
import { WaitQueue } from "../wait_queue.ts";
import { claimPod } from "./claim_pod.ts";
import { Deletions } from "./deletions.ts";
import { FreePods } from "./free_pods.ts";
import { type ClaimedWorker, KeptWorkers } from "./kept_workers.ts";
import { canServe, type Pod, podUrl } from "./pod.ts";
import type { PodApi } from "./api_server/pod_api.ts";
import { watchPods } from "./pod_watch.ts";
import { runReaper } from "./reaper.ts";

/** Settings and surroundings of a {@linkcode KubernetesPool}. */
export interface KubernetesPoolOptions {
  readonly api: PodApi;
  /** This process, as its claims say; no other may have the same. */
  readonly replica: string;
  /** Labels of a pod that may be claimed. */
  readonly selector: Readonly<Record<string, string>>;
  /** The ConfigMap that owns claimed pods. */
  readonly ownerName: string;
  readonly workerPort: number;
  /** Claims that may wait at once. */
  readonly queueLimit: number;
  readonly requestsPerWorker: number;
  /** A request is over by then. */
  readonly requestTimeoutMs: number;
  /** How long a worker that serves several requests may be kept. */
  readonly leaseMaxMs: number;
  readonly log: Logger;
  readonly metrics: PoolMetrics;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  readonly newClaimId: () => string;
  /** Waits; rejects when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What a claim gets: a pod still to be claimed, or a worker that was kept. */
type Candidate = { readonly pod: Pod } | { readonly worker: ClaimedWorker };

/** Claims pods of a Deployment, which replaces them, and deletes each after its use. */
export class KubernetesPool implements WorkerPool {
  readonly #options: KubernetesPoolOptions;
  readonly #pods: FreePods;
  readonly #queue: WaitQueue<Candidate>;
  readonly #retryAfter: RetryAfter;
  readonly #closing = new AbortController();
  readonly #background: Promise<void>[];
  readonly #kept: KeptWorkers;
  readonly #leases = new Set<ClaimedWorker>();
  /** What closing waits for: claims on their way, and leases. */
  readonly #unfinished = new Set<Promise<unknown>>();
  readonly #deletions: Deletions;
  #ownerUid: string | undefined;
  #warmed = false;

  constructor(options: KubernetesPoolOptions) {
    this.#options = options;
    this.#queue = new WaitQueue(options.queueLimit);
    this.#retryAfter = new RetryAfter(options.now);
    this.#deletions = new Deletions(options);
    this.#kept = new KeptWorkers({ ...options, onDone: ({ pod }) => this.#deletions.begin(pod) });
    this.#pods = new FreePods({
      selector: options.selector,
      random: options.random,
      onFree: (pod) => this.#arrived({ pod }),
      onUnfit: (pod) => this.#kept.drop(pod),
      onGone: (pod) => this.#deletions.forget(pod),
    });
    const observer = {
      listed: (pods: readonly Pod[]) => {
        this.#pods.listed(pods);
        this.#dropOutdated();
      },
      seen: (pod: Pod) => {
        this.#pods.seen(pod);
        this.#dropOutdated();
      },
      gone: (pod: Pod) => {
        this.#pods.gone(pod);
        this.#dropOutdated();
      },
      ownerIs: (uid: string | undefined) => this.#ownerIs(uid),
    };
    const view = {
      pods: () => this.#pods.all(),
      isTaken: (pod: Pod) => this.#pods.isTaken(pod),
      isUndeleted: (pod: Pod) => this.#deletions.hasFailed(pod),
    };
    this.#background = [
      watchPods({ ...options, observer }, this.#closing.signal),
      runReaper({ ...options, view }, this.#closing.signal),
    ];
  }

  stats(): PoolStats {
    return {
      free: this.#pods.size + this.#kept.size,
      busy: this.#leases.size,
      starting: this.#pods.starting,
      waiters: this.#queue.length,
      warmed: this.#warmed,
    };
  }

  refusal(detail: string): NoWorkerAvailable {
    this.#options.metrics.shed();
    return new NoWorkerAvailable(detail, this.#retryAfter.promise(this.#queue.length));
  }

  claim(signal: AbortSignal): Promise<WorkerLease> {
    return this.#track(this.#claim(signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new NoWorkerAvailable("The service is shutting down", 1));
    this.#queue.rejectAll(() => this.#closing.signal.reason);
    this.#kept.dropAll();
    // What is claimed meanwhile becomes a lease.
    while (this.#unfinished.size > 0) await Promise.allSettled(this.#unfinished);
    await this.#deletions.ended();
    await Promise.all(this.#background);
    await this.#options.api[Symbol.asyncDispose]();
  }

  async #claim(signal: AbortSignal): Promise<WorkerLease> {
    const { metrics, now } = this.#options;
    signal.throwIfAborted();
    const turn = this.#queue.takeTurn();
    let waitedMs = 0, claimingMs = 0;
    for (let lost = false;; lost = true) {
      const arrived = now();
      const candidate = await this.#next(signal, turn, lost);
      const began = now();
      const worker = "worker" in candidate
        ? candidate.worker
        : await this.#claimPod(candidate.pod, signal);
      waitedMs += began - arrived;
      claimingMs += now() - began;
      if (worker === undefined) continue;
      metrics.waitSeconds(waitedMs / 1000);
      metrics.claimSeconds(claimingMs / 1000);
      return this.#lease(worker);
    }
  }

  /** The next pod or kept worker, in the order of turns. */
  async #next(signal: AbortSignal, turn: number, hadTurn: boolean): Promise<Candidate> {
    this.#closing.signal.throwIfAborted();
    const worker = this.#kept.take();
    if (worker !== undefined) return { worker };
    const pod = this.#pods.take();
    if (pod !== undefined) return { pod };
    if (!hadTurn && this.#queue.full) {
      throw this.refusal("All workers are busy and the queue is full");
    }
    return await this.#queue.wait(signal, turn);
  }

  /**
   * Claims a pod; undefined when it is lost.
   *
   * @throws {NoWorkerAvailable} when the cluster cannot be asked
   * @throws {ApiError} when it refuses
   * @throws the signal's reason; the claim goes on, and what it wins is given back
   */
  async #claimPod(pod: Pod, signal: AbortSignal): Promise<ClaimedWorker | undefined> {
    if (signal.aborted) {
      this.#pods.release(pod);
      throw signal.reason;
    }
    const claiming = this.#track(this.#sendClaim(pod));
    try {
      return await abortable(claiming, signal);
    } catch (error) {
      if (signal.aborted) {
        void claiming.then((worker) => worker && this.#giveBack(worker), () => {});
      }
      throw error;
    }
  }

  async #sendClaim(pod: Pod): Promise<ClaimedWorker | undefined> {
    const { ownerName: name, metrics, workerPort } = this.#options;
    if (this.#closing.signal.aborted) {
      this.#pods.release(pod);
      throw this.#closing.signal.reason;
    }
    if (this.#ownerUid === undefined) {
      this.#pods.release(pod);
      throw this.refusal("The pool has no owner");
    }
    const until = this.#options.now() + this.#leaseMs;
    const outcome = await claimPod(pod, { name, uid: this.#ownerUid }, this.#leaseMs, {
      ...this.#options,
      signal: this.#closing.signal,
    });
    switch (outcome.kind) {
      case "won": {
        const { pod } = outcome;
        if (canServe(pod)) {
          return { name: pod.name, url: podUrl(pod.ip, workerPort), pod, until, served: 0 };
        }
        this.#deletions.begin(pod);
        return undefined;
      }
      case "lost":
        metrics.lostClaim(String(outcome.status));
        this.#pods.lose(pod);
        return undefined;
      case "unreached":
        this.#pods.release(pod);
        throw this.refusal("The cluster cannot be asked for a worker");
      case "fault":
        this.#pods.release(pod);
        // The client takes every 422 for a race, and counts the others.
        if (outcome.error.status === 422) metrics.apiFailure("claim", "422");
        throw outcome.error;
    }
  }

  #lease(worker: ClaimedWorker): WorkerLease {
    worker.served++;
    this.#leases.add(worker);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    this.#track(ended);
    let kept = false;
    return {
      worker,
      keep: () => {
        kept = true;
      },
      [Symbol.asyncDispose]: () => {
        if (this.#leases.delete(worker)) {
          if (kept) this.#giveBack(worker);
          else this.#deletions.begin(worker.pod);
          end();
        }
        return Promise.resolve();
      },
    };
  }

  /** A worker that is used no more, or not at all: for the next one while it may serve. */
  #giveBack(worker: ClaimedWorker): void {
    const isUseful = !this.#closing.signal.aborted && this.#kept.mayServe(worker) &&
      this.#pods.mayGoOn(worker.pod);
    if (!isUseful) this.#deletions.begin(worker.pod);
    else if (!this.#arrived({ worker })) this.#kept.keep(worker);
  }

  /** A rollout does not replace claimed workers: they have left the Deployment. */
  #dropOutdated(): void {
    const newest = this.#kept.isEmpty ? undefined : this.#pods.newest;
    if (newest !== undefined) this.#kept.dropUnlike(newest);
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    this.#unfinished.add(promise);
    const over = () => this.#unfinished.delete(promise);
    promise.then(over, over);
    return promise;
  }

  get #leaseMs(): number {
    const { requestsPerWorker, requestTimeoutMs, leaseMaxMs } = this.#options;
    return requestsPerWorker > 1 ? leaseMaxMs : requestTimeoutMs;
  }

  /** Gives what came free to whoever has waited longest; false when nobody waits. */
  #arrived(candidate: Candidate): boolean {
    if (this.#ownerUid !== undefined) this.#warmed = true;
    this.#retryAfter.workerArrived(this.#queue.length);
    return this.#queue.offer(candidate);
  }

  #ownerIs(uid: string | undefined): void {
    if (uid === undefined) {
      const { log, ownerName } = this.#options;
      log.error({ owner: ownerName }, "the ConfigMap that owns claimed pods is missing");
    } else if (this.#pods.size > 0) {
      this.#warmed = true;
    }
    this.#ownerUid = uid;
  }
}
