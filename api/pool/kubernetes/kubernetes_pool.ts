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
import { type ClaimedPods, WholePods } from "./claimed_pods.ts";
import { Deletions } from "./deletions.ts";
import { EarlyPods } from "./early_pods.ts";
import { FreePods } from "./free_pods.ts";
import { type ClaimedWorker, KeptWorkers } from "./kept_workers.ts";
import { haveSameTemplate, type Pod } from "./pod.ts";
import { watchOwner } from "./owner_watch.ts";
import { watchPods } from "./pod_watch.ts";
import { ProcessPods } from "./process_pods.ts";
import type { ReadyClient } from "./ready_client.ts";
import { runReaper } from "./reaper.ts";
import { ReplicaClaims } from "./replica_claims.ts";
import type { PoolServices } from "./services.ts";
import type { SupervisorClient } from "./supervisor_client.ts";
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
  /** The workers are processes of claimed pods. undefined: each worker is a pod. */
  readonly processes?: ProcessesOptions | undefined;
  /** Asks pods if they are ready. The pool closes it. */
  readonly workers: ReadyClient;
  readonly services: PoolServices;
}

/** Settings of a pool whose workers are processes. */
export interface ProcessesOptions {
  /** Number of processes that a pod keeps ready. */
  readonly perPod: number;
  /** Number of pods that may be claimed at the same time. */
  readonly maxPods: number;
  readonly supervisors: SupervisorClient;
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
  readonly #early: EarlyPods;
  readonly #workers: ReadyClient;
  readonly #pause: ClaimPause;
  readonly #claims: ReplicaClaims;
  readonly #kept: KeptWorkers;
  readonly #claimed: ClaimedPods;
  /** Pods that are being claimed and taken into use. */
  #opening = 0;
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
    const { replica, selector, ownerName, workerPort, workers, services } = options;
    const { requestsPerWorker, requestTimeoutMs, leaseMaxMs, processes } = options;
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
      onDone: (worker) => this.#claimed.drop(worker),
    });
    this.#claimed = processes === undefined ? new WholePods(this.#deletions) : new ProcessPods({
      ...processes,
      requestTimeoutMs,
      services,
      onWorker: (worker) => this.#giveBack(worker),
      onGone: (worker) => this.#kept.remove(worker),
      onDone: (pod) => {
        this.#deletions.start(pod);
        this.#offerFreePods();
      },
      track: (work) => void this.#unfinished.add(work),
      closing,
    });
    this.#workers = workers;
    this.#early = new EarlyPods({
      workers,
      workerPort,
      onChange: (pod) => this.#pods.said(pod),
      services,
    });
    this.#pods = new FreePods({
      selector,
      early: this.#early,
      random,
      onFree: (pod) => this.#offerPod(pod),
      onNotServing: (pod) => {
        this.#claimed.retire(pod);
        this.#kept.drop(pod);
      },
      onGone: (pod) => this.#deletions.forget(pod),
      onChange: () => this.#dropOutdated(),
    });
    this.#claims = new ReplicaClaims({
      replica,
      ownerName,
      workerPort,
      leaseMs: requestsPerWorker > 1 || processes !== undefined ? leaseMaxMs : requestTimeoutMs,
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
    const { perPod, room } = this.#claimed;
    return {
      free: Math.min(this.#pods.size, room) * perPod + this.#kept.size,
      busy: this.#leased.size,
      starting: this.#pods.starting * perPod,
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
    this.#claimed.retireWhere(() => true);
    this.#kept.dropAll();
    // A claim that is still in progress may become a lease. This waits for its end, too.
    await this.#unfinished.ended();
    await this.#deletions.ended();
    await Promise.all([...this.#background, this.#early.close()]);
    await this.#workers[Symbol.asyncDispose]();
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
      const candidate = this.#needsPod(this.#queue.length + 1) && this.#takePod();
      if (candidate) return candidate;
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
      this.#opened();
      throw signal.reason;
    }
    const claiming = this.#unfinished.add(this.#openPod(pod, attempt));
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
    this.#claimed.leased(worker);
    return lease(worker, (kept, isTrusted) => {
      this.#leased.delete(worker);
      const isKept = kept && this.#isUseful(worker);
      this.#claimed.ended(worker, isKept, isTrusted);
      if (isKept) this.#giveBack(worker);
      end();
    });
  }

  /** Keeps a claimed worker for the next request. Ends a worker that cannot serve again. */
  #giveBack(worker: ClaimedWorker): void {
    // It has served, so the network lets the api reach it.
    if (worker.served > 0) delete worker.settlingMs;
    if (!this.#isUseful(worker)) this.#claimed.drop(worker);
    else if (!this.#offer({ worker })) this.#kept.keep(worker);
  }

  /** True when a worker can serve another request. */
  #isUseful(worker: ClaimedWorker): boolean {
    return !this.#closing.signal.aborted && this.#claimed.isUsable(worker) &&
      this.#kept.canServeAgain(worker) && this.#pods.isUpToDate(worker.pod);
  }

  /**
   * Drops kept workers of an old template. A rollout does not end them, because they have left the
   * Deployment.
   */
  #dropOutdated(): void {
    const newest = this.#kept.isEmpty && !this.#claimed.isUsed ? undefined : this.#pods.newest;
    if (newest === undefined) return;
    this.#claimed.retireWhere((pod) => !haveSameTemplate(pod, newest));
    this.#kept.dropOtherTemplates(newest);
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
    // Of a pod with processes, each process arrives as a worker.
    if (!this.#claimed.areProcesses) this.#retryAfter.workerArrived(this.#queue.length);
    if (this.#queue.length === 0 || !this.#needsPod(this.#queue.length)) return false;
    this.#opening++;
    return this.#queue.offer({ pod, attempt: this.#pause.begin() });
  }

  /**
   * True when the pods that are being claimed are not enough for a number of requests. Each of these
   * pods is claimed by a request that does not count.
   */
  #needsPod(waiting: number): boolean {
    const { perPod, room } = this.#claimed;
    return waiting > this.#opening * (perPod - 1) && room > this.#opening;
  }

  /** Takes a free pod, to claim it. */
  #takePod(): Candidate | undefined {
    const pod = this.#pods.take();
    if (pod === undefined) return undefined;
    this.#opening++;
    return { pod, attempt: this.#pause.begin() };
  }

  /** Claims a pod that was taken, and takes it into use. */
  async #openPod(pod: Pod, attempt: ClaimAttempt): Promise<ClaimedWorker | undefined> {
    using afterwards = new DisposableStack();
    afterwards.defer(() => this.#opened());
    const claimed = await this.#claims.claim(pod, attempt);
    return claimed && await this.#claimed.open(claimed);
  }

  #opened(): void {
    this.#opening--;
    // The pod was lost, or it has fewer free processes than requests wait for it.
    if (this.#claimed.areProcesses) this.#offerFreePods();
  }

  /** Gives the pods that became free during a pause to the claims that wait. */
  #offerFreePods(): void {
    while (
      this.#pause.allowsClaim && this.#queue.length > 0 && this.#needsPod(this.#queue.length)
    ) {
      const candidate = this.#takePod();
      if (candidate === undefined) return;
      this.#queue.offer(candidate);
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
