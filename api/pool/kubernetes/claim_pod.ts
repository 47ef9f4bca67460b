/** Claims one pod, with a bounded number of calls to the API server. */

import { backoffMs } from "../../../shared/backoff.ts";
import { describeError } from "../../../shared/log.ts";
import { claimPatch, type Owner, readClaim } from "./claim.ts";
import type { Pod } from "./pod.ts";
import { ApiError, ConnectionError } from "./api_server/pod_api.ts";
import type { PoolServices } from "./services.ts";
import { REACTIONS, whatAnswerProves } from "./what_answer_proves.ts";

/** The outcome of a claim. */
export type ClaimOutcome =
  | { readonly kind: "won"; readonly pod: Pod }
  /** Another replica was faster, or the pod is gone. */
  | { readonly kind: "lost"; readonly status: number }
  /** The API server does not accept claims now. The pod is not the reason. */
  | { readonly kind: "refused"; readonly error: ApiError | ConnectionError };

/** Settings of {@linkcode claimPod}. */
export interface ClaimPodOptions {
  /** Name of this replica in its claims. */
  readonly replica: string;
  /** Milliseconds that the claim lasts. */
  readonly leaseMs: number;
  readonly services: PoolServices;
  /** Stops the search for the outcome. If the claim was applied, its deadline then ends the pod. */
  readonly signal: AbortSignal;
}

/** Largest number of patches for one pod. They are the same, so only one can be applied. */
const MAX_PATCHES = 2;
const BACKOFF = { firstMs: 50, maxMs: 200 };

/**
 * Claims a pod. {@linkcode REACTIONS} says what is done after each answer.
 *
 * @throws the signal's reason, when the signal aborts before the outcome is certain
 */
export async function claimPod(
  pod: Pod,
  owner: Owner,
  options: ClaimPodOptions,
): Promise<ClaimOutcome> {
  const { replica, leaseMs, services: { api, log, newClaimId } } = options;
  const now = api.now();
  const claim = { id: newClaimId(), by: replica, deadline: now + leaseMs };
  const patch = claimPatch(pod, claim, owner, now);
  for (let patches = 1;; patches++) {
    let error: ApiError | ConnectionError;
    try {
      return { kind: "won", pod: await api.patch(pod.name, patch) };
    } catch (cause) {
      if (!(cause instanceof ApiError || cause instanceof ConnectionError)) throw cause;
      error = cause;
    }
    if (error instanceof ConnectionError && error.reached) {
      log.warn({ worker: pod.name, error: describeError(error) }, "claim without an answer");
    }
    const { reads, unchanged, unread } = REACTIONS[whatAnswerProves(error)];
    const found = await readPod(pod, claim.id, reads, options);
    if (found.kind === "claimed") return { kind: "won", pod: found.pod };
    const step = found.kind === "changed" ? "lost" : found.kind === "unread" ? unread : unchanged;
    if (step === "again" && patches < MAX_PATCHES) continue;
    if (step !== "lost") return { kind: "refused", error };
    return { kind: "lost", status: error instanceof ApiError ? error.status : 409 };
  }
}

/** State of a pod after its claim got no good answer. */
type Found =
  | { readonly kind: "claimed"; readonly pod: Pod }
  | { readonly kind: "changed" | "unchanged" | "unread" };

/**
 * Reads a pod until a read succeeds, at most `reads` times.
 *
 * @param pod The pod as it was when the claim was sent
 * @throws the signal's reason
 */
async function readPod(
  { name, uid, resourceVersion }: Pod,
  claimId: string,
  reads: number,
  { services: { api, random, delay }, signal }: ClaimPodOptions,
): Promise<Found> {
  if (reads === 0) return { kind: "unchanged" };
  for (let failures = 0;;) {
    signal.throwIfAborted();
    try {
      const pod = await api.read(name);
      if (pod.uid === uid && readClaim(pod)?.id === claimId) return { kind: "claimed", pod };
      const isSame = pod.uid === uid && pod.resourceVersion === resourceVersion;
      return { kind: isSame ? "unchanged" : "changed" };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return { kind: "changed" };
      if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
      if (++failures >= reads) return { kind: "unread" };
      await delay(backoffMs(failures, BACKOFF, random()), signal);
    }
  }
}
