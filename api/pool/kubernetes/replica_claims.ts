/** Claims free pods for one replica. The result is a worker, or the reason why there is none. */

import type { NoWorkerAvailable } from "../pool.ts";
import type { ApiError } from "./api_server/pod_api.ts";
import { claimPod } from "./claim_pod.ts";
import type { Deletions } from "./deletions.ts";
import type { FreePods } from "./free_pods.ts";
import type { ClaimedWorker } from "./kept_workers.ts";
import { acceptsRequests, type Pod, podUrl } from "./pod.ts";
import type { PoolServices } from "./services.ts";

/** Settings of {@linkcode ReplicaClaims}, and the parts of the pool that it uses. */
export interface ReplicaClaimsOptions {
  /** The free pods. A pod that could not be claimed is given back to them. */
  readonly pods: FreePods;
  readonly deletions: Deletions;
  /** Name of this replica in its claims. */
  readonly replica: string;
  /** Name of the ConfigMap that owns claimed pods. */
  readonly ownerName: string;
  readonly workerPort: number;
  /** Milliseconds that a claim lasts. */
  readonly leaseMs: number;
  /** Builds the error for a refused request. */
  readonly refuse: (detail: string, cause: Error) => NoWorkerAvailable;
  readonly services: PoolServices;
  /** Aborts when the pool closes. */
  readonly closing: AbortSignal;
}

/** Claims pods for one replica. */
export class ReplicaClaims {
  readonly #options: ReplicaClaimsOptions;
  #ownerUid: string | undefined;
  #isOwnerMissing = false;

  constructor(options: ReplicaClaimsOptions) {
    this.#options = options;
  }

  /** True when the owner exists. Without an owner, no pod can be claimed. */
  get hasOwner(): boolean {
    return this.#ownerUid !== undefined;
  }

  /** Sets the uid of the owner; undefined when the ConfigMap is missing. Logs each change. */
  setOwner(uid: string | undefined): void {
    const { ownerName, services: { log } } = this.#options;
    const isMissing = uid === undefined;
    if (isMissing && !this.#isOwnerMissing) {
      log.error({ owner: ownerName }, "the ConfigMap that owns claimed pods is missing");
    } else if (!isMissing && this.#isOwnerMissing) {
      log.info({ owner: ownerName }, "the ConfigMap that owns claimed pods exists again");
    }
    this.#ownerUid = uid;
    this.#isOwnerMissing = isMissing;
  }

  /**
   * Claims a pod that was taken from the free pods.
   *
   * @returns undefined when the claim is lost or the pod no longer accepts requests
   * @throws {NoWorkerAvailable} when the owner is missing, the API server did not act on the claim,
   * or the pool is closing
   * @throws {ApiError} when the API server rejects the claim as invalid or forbidden
   */
  async claim(pod: Pod): Promise<ClaimedWorker | undefined> {
    const { pods, replica, ownerName, leaseMs, refuse, services, closing } = this.#options;
    if (closing.aborted) {
      pods.release(pod);
      throw closing.reason;
    }
    if (this.#ownerUid === undefined) {
      pods.release(pod);
      throw refuse("No worker is available", new Error(`The ConfigMap ${ownerName} is missing`));
    }
    const owner = { name: ownerName, uid: this.#ownerUid };
    const until = services.now() + leaseMs;
    const outcome = await claimPod(pod, owner, { replica, leaseMs, services, signal: closing });
    switch (outcome.kind) {
      case "won":
        return this.#toWorker(outcome.pod, until);
      case "lost":
        services.metrics.lostClaim(String(outcome.status));
        pods.lose(pod);
        return undefined;
      case "unreached":
        pods.release(pod);
        throw refuse("No worker is available", outcome.error);
      case "fault":
        pods.release(pod);
        this.#countFault(outcome.error);
        throw outcome.error;
    }
  }

  #toWorker(pod: Pod, until: number): ClaimedWorker | undefined {
    if (acceptsRequests(pod)) {
      const url = podUrl(pod.ip, this.#options.workerPort);
      return { name: pod.name, url, pod, until, served: 0 };
    }
    this.#options.deletions.start(pod);
    return undefined;
  }

  #countFault({ status }: ApiError): void {
    // The client of the API server counts the other statuses, but it takes every 422 for a lost
    // claim.
    if (status === 422) this.#options.services.metrics.apiFailure("claim", "422");
  }
}
