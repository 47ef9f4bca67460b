/** The pods that a replica has claimed, and the workers in them. */

import type { Deletions } from "./deletions.ts";
import type { ClaimedWorker } from "./kept_workers.ts";
import type { Pod } from "./pod.ts";

/** Uses claimed pods, and deletes them after their use. */
export interface ClaimedPods {
  /** Number of requests that a free pod would take at once. */
  readonly perPod: number;
  /** True when the workers of a pod are processes, which `onWorker` gets. */
  readonly areProcesses: boolean;
  /** True when a pod must be told of rollouts, although no worker in it is free. */
  readonly isUsed: boolean;
  /** Number of further pods that may be claimed now. */
  readonly room: number;
  /**
   * Takes a pod into use that was claimed.
   *
   * @param claimed The pod as a worker
   * @returns The worker for the request that has claimed the pod; undefined when `onWorker` gets all
   * workers of the pod, or when the pod cannot be used
   */
  open(claimed: ClaimedWorker): Promise<ClaimedWorker | undefined>;
  /** True when a worker may be leased. */
  isUsable(worker: ClaimedWorker): boolean;
  /** A worker was leased. */
  leased(worker: ClaimedWorker): void;
  /**
   * The lease of a worker has ended.
   *
   * @param isKept True when the worker may serve again
   * @param isTrusted False when its pod may serve nobody any more
   */
  ended(worker: ClaimedWorker, isKept: boolean, isTrusted: boolean): void;
  /** Ends the use of a worker that waits to serve, and that will not be leased any more. */
  drop(worker: ClaimedWorker): void;
  /** Ends the use of a pod. Requests in progress are served to their end. */
  retire(pod: Pod): void;
  /** Ends the use of all pods for which the condition is true. */
  retireWhere(condition: (pod: Pod) => boolean): void;
}

/** Each worker is a pod. */
export class WholePods implements ClaimedPods {
  readonly perPod = 1;
  readonly areProcesses = false;
  readonly room = Infinity;
  readonly isUsed = false;
  readonly #deletions: Deletions;

  constructor(deletions: Deletions) {
    this.#deletions = deletions;
  }

  open(claimed: ClaimedWorker): Promise<ClaimedWorker> {
    return Promise.resolve(claimed);
  }

  isUsable(): boolean {
    return true;
  }

  leased(): void {}

  ended(worker: ClaimedWorker, isKept: boolean): void {
    if (!isKept) this.#deletions.start(worker.pod);
  }

  drop(worker: ClaimedWorker): void {
    this.#deletions.start(worker.pod);
  }

  /** A pod that waits to serve again is dropped as a worker. */
  retire(): void {}

  retireWhere(): void {}
}
