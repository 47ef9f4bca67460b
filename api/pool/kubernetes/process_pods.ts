/** Claimed pods whose workers are processes: isolation "process". */

import { backoffMs } from "../../../shared/backoff.ts";
import { processUrl, processWorkerName } from "../../../shared/contract/pod_processes.ts";
import { describeError } from "../../../shared/log.ts";
import type { ClaimedPods } from "./claimed_pods.ts";
import type { ClaimedWorker } from "./kept_workers.ts";
import type { Pod } from "./pod.ts";
import type { PoolServices } from "./services.ts";
import { type SupervisorClient, SupervisorUnreached } from "./supervisor_client.ts";

/** Settings of {@linkcode ProcessPods}, and the events that it reports. */
export interface ProcessPodsOptions {
  /** Number of processes that a pod keeps ready. */
  readonly perPod: number;
  /** Number of pods that may be claimed at the same time. */
  readonly maxPods: number;
  /** Milliseconds that a request may last. */
  readonly requestTimeoutMs: number;
  readonly supervisors: SupervisorClient;
  readonly services: Pick<PoolServices, "log" | "now" | "delay" | "random">;
  /** Called with a process that is ready for its first request. */
  readonly onWorker: (worker: ClaimedWorker) => void;
  /** Called with a process that has ended before its first request. */
  readonly onGone: (worker: ClaimedWorker) => void;
  /** Called with a pod that is no longer used. */
  readonly onDone: (pod: Pod) => void;
  /** Called with work that must end before the pool is closed. */
  readonly track: (work: Promise<void>) => void;
  /** Aborts when the pool closes. */
  readonly closing: AbortSignal;
}

interface UsedPod {
  readonly claimed: ClaimedWorker;
  /** The processes that may serve, by name. */
  readonly workers: Map<string, ClaimedWorker>;
  /** Processes that will not be leased any more, by name. */
  readonly over: Map<string, { readonly worker: ClaimedWorker; isAsked: boolean }>;
  /** Processes that are free, as the supervisor has told last. */
  free: ReadonlySet<string>;
  readonly leased: Set<ClaimedWorker>;
  /** Aborts when the pod takes no more requests. */
  readonly retired: AbortController;
}

const BACKOFF = { firstMs: 50, maxMs: 200 };

/**
 * Follows the processes of the claimed pods. A pod is used until its claim is about to end, its
 * supervisor takes no more requests, or one of its processes cannot be trusted. It is deleted when its
 * last request has ended.
 */
export class ProcessPods implements ClaimedPods {
  readonly perPod: number;
  readonly areProcesses = true;
  readonly #options: ProcessPodsOptions;
  /** The pods in use, by uid. */
  readonly #pods = new Map<string, UsedPod>();

  constructor(options: ProcessPodsOptions) {
    this.perPod = options.perPod;
    this.#options = options;
  }

  get isUsed(): boolean {
    return this.#pods.size > 0;
  }

  get room(): number {
    return Math.max(0, this.#options.maxPods - this.#pods.size);
  }

  async open(claimed: ClaimedWorker): Promise<undefined> {
    const used: UsedPod = {
      claimed,
      workers: new Map(),
      over: new Map(),
      free: new Set(),
      leased: new Set(),
      retired: new AbortController(),
    };
    this.#pods.set(claimed.pod.uid, used);
    if (this.#options.closing.aborted) {
      this.retire(claimed.pod);
      return;
    }
    const opened = Promise.withResolvers<void>();
    this.#options.track(this.#follow(used, opened.resolve).finally(opened.resolve));
    this.#options.track(this.#retireInTime(used));
    await opened.promise;
  }

  isUsable({ pod }: ClaimedWorker): boolean {
    return this.#pods.get(pod.uid)?.retired.signal.aborted === false;
  }

  leased(worker: ClaimedWorker): void {
    this.#pods.get(worker.pod.uid)?.leased.add(worker);
  }

  ended(worker: ClaimedWorker, isKept: boolean, isTrusted: boolean): void {
    const used = this.#pods.get(worker.pod.uid);
    if (used === undefined) return;
    used.leased.delete(worker);
    if (!isTrusted) this.retire(worker.pod);
    else if (!isKept) this.drop(worker);
    this.#deleteUnused(used);
  }

  drop(worker: ClaimedWorker): void {
    const used = this.#pods.get(worker.pod.uid);
    if (used === undefined) return;
    if (this.#isOver(used)) return this.retire(worker.pod);
    for (const [process, { name }] of used.workers) {
      if (name !== worker.name) continue;
      used.workers.delete(process);
      used.over.set(process, { worker, isAsked: false });
      this.#endIfFree(used, process);
    }
  }

  retire({ uid }: Pod): void {
    const used = this.#pods.get(uid);
    if (used === undefined || used.retired.signal.aborted) return;
    used.retired.abort();
    for (const worker of used.workers.values()) this.#options.onGone(worker);
    used.workers.clear();
    this.#deleteUnused(used);
  }

  retireWhere(condition: (pod: Pod) => boolean): void {
    for (const { claimed: { pod } } of this.#pods.values()) if (condition(pod)) this.retire(pod);
  }

  #deleteUnused(used: UsedPod): void {
    if (!used.retired.signal.aborted || used.leased.size > 0) return;
    if (this.#pods.delete(used.claimed.pod.uid)) this.#options.onDone(used.claimed.pod);
  }

  /** True when a request could last longer than the claim. */
  #isOver({ claimed }: UsedPod): boolean {
    return this.#options.services.now() + this.#options.requestTimeoutMs > claimed.until;
  }

  async #retireInTime(used: UsedPod): Promise<void> {
    const { services: { delay, now }, requestTimeoutMs } = this.#options;
    const { claimed: { pod, until }, retired } = used;
    await delay(Math.max(0, until - requestTimeoutMs - now()), retired.signal).catch(() => {});
    this.retire(pod);
  }

  /** Follows the processes of a pod until it is retired. */
  async #follow(used: UsedPod, onOpen: () => void): Promise<void> {
    const { services: { log, now, delay, random }, supervisors } = this.#options;
    const { claimed, retired } = used;
    const started = now();
    for (let failures = 1; !retired.signal.aborted; failures++) {
      try {
        for await (const free of supervisors.free(claimed, retired.signal)) {
          // The supervisor was reached, so its processes can be.
          delete claimed.settlingMs;
          this.#update(used, free);
          onOpen();
        }
        break;
      } catch (error) {
        if (retired.signal.aborted) break;
        const isNew = now() - started < (claimed.settlingMs ?? 0);
        if (!(error instanceof SupervisorUnreached) || !isNew) {
          log.warn({ worker: claimed.name, error: describeError(error) }, "pod cannot be used");
          break;
        }
        await delay(backoffMs(failures, BACKOFF, random()), retired.signal).catch(() => {});
      }
    }
    this.retire(claimed.pod);
  }

  #update(used: UsedPod, free: readonly string[]): void {
    const { claimed, workers, leased } = used;
    used.free = new Set(free);
    for (const [process, worker] of workers) {
      if (used.free.has(process) || leased.has(worker)) continue;
      workers.delete(process);
      this.#options.onGone(worker);
    }
    for (const process of free) {
      if (used.retired.signal.aborted) return;
      this.#endIfFree(used, process);
      if (workers.has(process) || used.over.has(process)) continue;
      const worker = {
        name: processWorkerName(claimed.name, process),
        url: processUrl(claimed.url, process),
        pod: claimed.pod,
        until: claimed.until,
        served: 0,
      };
      workers.set(process, worker);
      this.#options.onWorker(worker);
    }
  }

  /** Ends a process that is over and still free. The supervisor itself ends those that had a request. */
  #endIfFree(used: UsedPod, process: string): void {
    const over = used.over.get(process);
    if (over === undefined || over.isAsked || !used.free.has(process)) return;
    over.isAsked = true;
    this.#options.track(this.#end(used, process, over.worker));
  }

  async #end(used: UsedPod, process: string, worker: ClaimedWorker): Promise<void> {
    try {
      await this.#options.supervisors.end(used.claimed, process, worker);
    } catch (error) {
      this.#options.services.log.warn(
        { worker: worker.name, error: describeError(error) },
        "process not ended",
      );
      this.retire(worker.pod);
    }
  }
}
