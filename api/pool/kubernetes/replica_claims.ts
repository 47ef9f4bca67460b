/** Claims free pods for one replica. The result is a worker, or the reason why there is none. */

import { describeError } from "../../../shared/log.ts";
import type { NoWorkerAvailable } from "../../../shared/pool/pool.ts";
import { ApiError, type ConnectionError } from "./api_server/pod_api.ts";
import type { ClaimAttempt, ClaimPause } from "./claim_pause.ts";
import { claimPod } from "./claim_pod.ts";
import type { Deletions } from "./deletions.ts";
import type { FreePods } from "./free_pods.ts";
import type { ClaimedWorker } from "./kept_workers.ts";
import { type Pod, podUrl } from "./pod.ts";
import type { PoolServices } from "./services.ts";

/** Settings of {@linkcode ReplicaClaims}, and the parts of the pool that it uses. */
export interface ReplicaClaimsOptions {
  /** The free pods. A pod that could not be claimed is given back to them. */
  readonly pods: FreePods;
  readonly deletions: Deletions;
  /** Pauses the claims while the API server does not accept them. */
  readonly pause: ClaimPause;
  /** Called when a pause of this length has begun, before its pod is given back. */
  readonly onPause: (ms: number) => void;
  /** Called when claims are accepted again after a pause, or when the one claim after it ended. */
  readonly onResume: () => void;
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

/**
 * A pod can be Ready before each node knows its NetworkPolicies. With kube-router this takes up to a
 * second, and connections to the pod are refused until then.
 */
const SETTLING_MS = 2000;
/**
 * Time after which a pod whose claim was lost is tried again, although the watch has reported no
 * change of it: the watch may have missed the change.
 */
const LOST_MS = 5000;
/** Statuses of a claim that is normally lost. */
const LOST_STATUS: ReadonlySet<number> = new Set([404, 409, 410, 422]);

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
   * @param attempt The claim, as the pause knows it
   * @returns undefined when the claim is lost or the pod no longer accepts requests
   * @throws {NoWorkerAvailable} when the owner is missing, the API server does not accept the claim,
   * or the pool is closing
   */
  async claim(pod: Pod, attempt: ClaimAttempt): Promise<ClaimedWorker | undefined> {
    const { pods, replica, ownerName, leaseMs, refuse, services, closing } = this.#options;
    if (closing.aborted) {
      this.abandon(pod, attempt);
      throw closing.reason;
    }
    if (this.#ownerUid === undefined) {
      this.abandon(pod, attempt);
      throw refuse("No worker is available", new Error(`The ConfigMap ${ownerName} is missing`));
    }
    const owner = { name: ownerName, uid: this.#ownerUid };
    const until = services.now() + leaseMs;
    const outcome = await claimPod(pod, owner, { replica, leaseMs, services, signal: closing })
      .catch((error) => {
        this.abandon(pod, attempt);
        throw error;
      });
    if (outcome.kind === "refused") {
      this.#pause(outcome.error, pod, attempt);
      pods.release(pod);
      throw refuse("No worker is available", outcome.error);
    }
    if (outcome.kind === "lost") {
      services.metrics.lostClaim(String(outcome.status));
      pods.lose(pod);
      services.delay(LOST_MS, closing).then(() => pods.forgetLoss(pod), () => {});
    }
    this.#resume();
    return outcome.kind === "won" ? this.#toWorker(outcome.pod, until) : undefined;
  }

  /** Gives a pod back without a claim. */
  abandon(pod: Pod, attempt: ClaimAttempt): void {
    const { pods, pause, onResume } = this.#options;
    pause.abandoned(attempt);
    pods.release(pod);
    if (attempt.isTrial) onResume();
  }

  #toWorker(pod: Pod, until: number): ClaimedWorker | undefined {
    if (this.#options.pods.serves(pod)) {
      const url = podUrl(pod.ip, this.#options.workerPort);
      return { name: pod.name, url, settlingMs: SETTLING_MS, pod, until, served: 0 };
    }
    this.#options.deletions.start(pod);
    return undefined;
  }

  #pause(error: ApiError | ConnectionError, pod: Pod, attempt: ClaimAttempt): void {
    const { pause, onPause, services: { log, metrics } } = this.#options;
    const isAnswer = error instanceof ApiError;
    // The client of the API server takes these statuses for a lost claim, and does not count them.
    if (isAnswer && LOST_STATUS.has(error.status)) metrics.apiFailure("claim", `${error.status}`);
    const pauseMs = pause.failed(attempt, isAnswer ? error.retryAfterMs : 0);
    if (pauseMs === undefined) return;
    if (pause.failures === 1) {
      // The server's message names what refuses the claim: a policy and its field, or a webhook.
      log.error({ worker: pod.name, error: describeError(error) }, "claims are not accepted");
    }
    onPause(pauseMs);
  }

  #resume(): void {
    const { pause, onResume, services: { log } } = this.#options;
    const { failures } = pause;
    pause.succeeded();
    if (failures === 0) return;
    log.info({ failures }, "claims are accepted again");
    onResume();
  }
}
