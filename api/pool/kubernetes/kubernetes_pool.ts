/** The pool on Kubernetes: pods of a Deployment, which are running before a request needs them. */

import { abortable } from "../../../shared/abortable.ts";
import { lease } from "../../../shared/pool/lease.ts";
import {
  NoWorkerAvailable,
  type PoolStats,
  type WorkerLease,
  type WorkerPool,
} from "../../../shared/pool/pool.ts";
import { RetryAfter } from "../../../shared/pool/retry_after.ts";
import { WaitQueue } from "../../../shared/pool/wait_queue.ts";
import { type ClaimAttempt, ClaimPause } from "./claim_pause.ts";
import { Deletions } from "./deletions.ts";
import { FreePods } from "./free_pods.ts";
import { type ClaimedWorker, KeptWorkers } from "./kept_workers.ts";
import type { Pod } from "./pod.ts";
import { watchOwner } from "./owner_watch.ts";
import { watchPods } from "./pod_watch.ts";
import { runReaper } from "./reaper.ts";
import { ReplicaClaims } from "./replica_claims.ts";
import type { PoolServices } from "./services.ts";
import { Unfinished } from "./unfinished.ts";

/** Settings of a {@linkcode KubernetesPool}, and the services that it uses. */
export interface KubernetesPoolOptions {
  /** Name of this process in its claims. Every process has a different name. */
  readonly replica: string;
  /** Labels of a pod that may be claimed. */
  readonly selector: Readonly<Record<string, string>>;
  /** Name of the ConfigMap that owns claimed pods. */
  readonly ownerName: string;
  readonly workerPort: number;
  /** Number of claims that may wait. */
  readonly queueLimit: number;
  /** Number of requests that a worker serves before it is destroyed. */
  readonly requestsPerWorker: number;
  /** Milliseconds that a request may last. */
  readonly requestTimeoutMs: number;
  /** Milliseconds that a worker may be kept when it serves several requests. */
  readonly leaseMaxMs: number;
  readonly services: PoolServices;
}

/** Something that can serve a request: a pod that must still be claimed, or a kept worker. */
type Candidate =
  | { readonly pod: Pod; readonly attempt: ClaimAttempt }
  | { readonly worker: ClaimedWorker };

/**
 * Largest number of pods that one request tries. While pods are few, all replicas want each new pod:
 * of five replicas, one loses 30 times in a row about once in a thousand requests.
 */
const MAX_CANDIDATES = 200;

/** Claims pods of a Deployment, which replaces them. Deletes each pod after its use. */
export class KubernetesPool implements WorkerPool {
  readonly #services: PoolServices;
  readonly #queue: WaitQueue<Candidate>;
  readonly #retryAfter: RetryAfter;
  readonly #pods: FreePods;
  readonly #pause: ClaimPause;
  readonly #claims: ReplicaClaims;
  readonly #kept: KeptWorkers;
  readonly #leased = new Set<ClaimedWorker>();
  readonly #deletions: Deletions;
  readonly #closing = new AbortController();
  /** Claims in progress, and leases. Closing waits for them. */
  readonly #unfinished = new Unfinished();
  readonly #background: Promise<void>[];
  #warmed = false;
  /** Number of pauses so far. */
  #pauses = 0;

  constructor(options: KubernetesPoolOptions) {
    const { replica, selector, ownerName, workerPort, services } = options;
    const { requestsPerWorker, requestTimeoutMs, leaseMaxMs } = options;
    const { now, random } = services;
    const closing = this.#closing.signal;
    this.#services = services;
    this.#queue = new WaitQueue(options.queueLimit);
    this.#retryAfter = new RetryAfter(now);
    this.#pause = new ClaimPause(services);
    this.#deletions = new Deletions(services, (pod) => this.#pods.has(pod));
    this.#kept = new KeptWorkers({
      requestsPerWorker,
      requestTimeoutMs,
      now,
      onDone: ({ pod }) => this.#deletions.start(pod),
    });
    this.#pods = new FreePods({
      selector,
      random,
      onFree: (pod) => this.#offerPod(pod),
      onNotServing: (pod) => this.#kept.drop(pod),
      onGone: (pod) => this.#deletions.forget(pod),
      onChange: () => this.#dropOutdated(),
    });
    this.#claims = new ReplicaClaims({
      replica,
      ownerName,
      workerPort,
      leaseMs: requestsPerWorker > 1 ? leaseMaxMs : requestTimeoutMs,
      pods: this.#pods,
      deletions: this.#deletions,
      pause: this.#pause,
      onPause: (ms) => this.#startPause(ms),
      onResume: () => this.#offerFreePods(),
      refuse: (detail, cause) => this.refusal(detail, cause),
      services,
      closing,
    });
    const view = {
      pods: () => this.#pods.all(),
      isTaken: (pod: Pod) => this.#pods.isTaken(pod),
      isUndeleted: (pod: Pod) => this.#deletions.hasFailed(pod),
    };
    this.#background = [
      watchOwner({ onOwner: (uid) => this.#setOwner(uid), services }, closing),
      watchPods({ observer: this.#pods, services }, closing),
      runReaper({ replica, view, requestTimeoutMs, services }, closing),
    ];
  }

  stats(): PoolStats {
    return {
      free: this.#pods.size + this.#kept.size,
      busy: this.#leased.size,
      starting: this.#pods.starting,
      waiters: this.#queue.length,
      warmed: this.#warmed,
    };
  }

  refusal(detail: string, cause?: Error): NoWorkerAvailable {
    this.#services.metrics.shed();
    const seconds = Math.max(
      this.#retryAfter.promise(this.#queue.length),
      Math.ceil(this.#pause.remainingMs / 1000),
    );
    return new NoWorkerAvailable(detail, seconds, cause);
  }

  claim(signal: AbortSignal): Promise<WorkerLease> {
    return this.#unfinished.add(this.#leaseNext(signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new NoWorkerAvailable("The service is shutting down", 1));
    this.#queue.rejectAll(() => this.#closing.signal.reason);
    this.#kept.dropAll();
    // A claim that is still in progress may become a lease. This waits for its end, too.
    await this.#unfinished.ended();
    await this.#deletions.ended();
    await Promise.all(this.#background);
    await this.#services.api[Symbol.asyncDispose]();
  }

  async #leaseNext(signal: AbortSignal): Promise<WorkerLease> {
    const { metrics, now } = this.#services;
    signal.throwIfAborted();
    const turn = this.#queue.takeTurn();
    let waitedMs = 0, claimingMs = 0;
    for (let tried = 0; tried < MAX_CANDIDATES; tried++) {
      const arrived = now();
      const candidate = await this.#nextCandidate(signal, turn, tried > 0);
      const began = now();
      const worker = "worker" in candidate
        ? candidate.worker
        : await this.#claimUntil(candidate.pod, candidate.attempt, signal);
      waitedMs += began - arrived;
      claimingMs += now() - began;
      if (worker === undefined) continue;
      metrics.waitSeconds(waitedMs / 1000);
      metrics.claimSeconds(claimingMs / 1000);
      return this.#lease(worker);
    }
    throw this.refusal("No worker is available", new Error(`${MAX_CANDIDATES} claims were lost`));
  }

  /** Returns a kept worker or a free pod. If there is neither, waits in the order of turns. */
  async #nextCandidate(signal: AbortSignal, turn: number, isRetry: boolean): Promise<Candidate> {
    this.#closing.signal.throwIfAborted();
    const worker = this.#kept.take();
    if (worker !== undefined) return { worker };
    const { state } = this.#pause;
    if (state === "refuse") {
      throw this.refusal("No worker is available", new Error("Claims are paused"));
    }
    if (state === "open" || (state === "trial" && this.#queue.length === 0)) {
      const pod = this.#pods.take();
      if (pod !== undefined) return { pod, attempt: this.#pause.begin() };
    }
    if (!isRetry && this.#queue.full) {
      throw this.refusal("All workers are busy and the queue is full");
    }
    return await this.#queue.wait(signal, turn);
  }

  /**
   * Claims a pod. When the signal aborts, only the waiting ends: the claim continues, and a worker
   * that it wins is given back.
   */
  async #claimUntil(
    pod: Pod,
    attempt: ClaimAttempt,
    signal: AbortSignal,
  ): Promise<ClaimedWorker | undefined> {
    if (signal.aborted) {
      this.#claims.abandon(pod, attempt);
      throw signal.reason;
    }
    const claiming = this.#unfinished.add(this.#claims.claim(pod, attempt));
    try {
      return await abortable(claiming, signal);
    } catch (error) {
      if (signal.aborted) {
        void claiming.then((worker) => worker && this.#giveBack(worker), () => {});
      }
      throw error;
    }
  }

  #lease(worker: ClaimedWorker): WorkerLease {
    worker.served++;
    this.#leased.add(worker);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    void this.#unfinished.add(ended);
    return lease(worker, (kept) => {
      this.#leased.delete(worker);
      if (kept) this.#giveBack(worker);
      else this.#deletions.start(worker.pod);
      end();
    });
  }

  /** Keeps a claimed worker for the next request. Deletes a worker that cannot serve again. */
  #giveBack(worker: ClaimedWorker): void {
    // It has served, so the network lets the api reach it.
    if (worker.served > 0) delete worker.settlingMs;
    const isUseful = !this.#closing.signal.aborted && this.#kept.canServeAgain(worker) &&
      this.#pods.isUpToDate(worker.pod);
    if (!isUseful) this.#deletions.start(worker.pod);
    else if (!this.#offer({ worker })) this.#kept.keep(worker);
  }

  /**
   * Drops kept workers of an old template. A rollout does not end them, because they have left the
   * Deployment.
   */
  #dropOutdated(): void {
    const newest = this.#kept.isEmpty ? undefined : this.#pods.newest;
    if (newest !== undefined) this.#kept.dropOtherTemplates(newest);
  }

  /** Gives a worker to the claim that came first. Returns false when no claim waits. */
  #offer(candidate: Candidate): boolean {
    if (this.#claims.hasOwner) this.#warmed = true;
    this.#retryAfter.workerArrived(this.#queue.length);
    return this.#queue.offer(candidate);
  }

  /** Gives a free pod to the claim that came first. Returns false when no claim waits, or during a pause. */
  #offerPod(pod: Pod): boolean {
    if (this.#claims.hasOwner) this.#warmed = true;
    if (!this.#pause.allowsClaim) return false;
    this.#retryAfter.workerArrived(this.#queue.length);
    return this.#queue.length > 0 && this.#queue.offer({ pod, attempt: this.#pause.begin() });
  }

  /** Gives the pods that became free during a pause to the claims that wait. */
  #offerFreePods(): void {
    while (this.#pause.allowsClaim && this.#queue.length > 0) {
      const pod = this.#pods.take();
      if (pod === undefined) return;
      this.#queue.offer({ pod, attempt: this.#pause.begin() });
    }
  }

  /** Refuses the claims that wait, unless this pause is the first one. Claims resume after it. */
  #startPause(ms: number): void {
    if (this.#pause.failures > 1) {
      this.#queue.rejectAll(() =>
        this.refusal("No worker is available", new Error("Claims are paused"))
      );
    }
    const number = ++this.#pauses;
    const resume = () => {
      if (number !== this.#pauses) return;
      this.#pause.ended();
      this.#offerFreePods();
    };
    this.#services.delay(ms, this.#closing.signal).then(resume, () => {});
  }

  #setOwner(uid: string | undefined): void {
    this.#claims.setOwner(uid);
    if (this.#claims.hasOwner && this.#pods.size > 0) this.#warmed = true;
  }
}
