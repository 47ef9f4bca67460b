/** Claims one pod, and finds out for certain whether the claim was applied. */

import { backoffMs } from "../../../shared/backoff.ts";
import { describeError } from "../../../shared/log.ts";
import { claimPatch, type Owner, readClaim } from "./claim.ts";
import type { Pod } from "./pod.ts";
import {
  ApiError,
  ConnectionError,
  type PatchOperation,
  type PodApi,
} from "./api_server/pod_api.ts";
import type { PoolServices } from "./services.ts";

/** The certain outcome of a claim. */
export type ClaimOutcome =
  | { readonly kind: "won"; readonly pod: Pod }
  /** Another replica was faster, or the pod is gone. */
  | { readonly kind: "lost"; readonly status: number }
  /** The server rejects the claim as invalid or forbidden. It would reject a retry, too. */
  | { readonly kind: "fault"; readonly error: ApiError }
  /** The server did not act on the claim. */
  | { readonly kind: "unreached"; readonly error: Error };

/** The claim was applied, or may still be applied. */
interface UnknownOutcome {
  readonly kind: "unknown";
  readonly error: Error;
}

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

const BACKOFF = { firstMs: 50, maxMs: 2000 };

/**
 * Claims a pod. Resolves when the outcome is certain.
 *
 * @throws the signal's reason, when the signal aborts before the outcome is certain
 */
export async function claimPod(
  pod: Pod,
  owner: Owner,
  options: ClaimPodOptions,
): Promise<ClaimOutcome> {
  const { replica, leaseMs, services } = options;
  const { api, log, newClaimId } = services;
  const now = api.now();
  const claim = { id: newClaimId(), by: replica, deadline: now + leaseMs };
  const outcome = await sendPatch(api, pod, claimPatch(pod, claim, owner, now));
  if (outcome.kind !== "unknown") return outcome;
  log.warn({ worker: pod.name, error: describeError(outcome.error) }, "claim without an answer");
  return await findOutcome(pod, claim.id, options);
}

async function sendPatch(
  api: PodApi,
  pod: Pod,
  patch: readonly PatchOperation[],
): Promise<ClaimOutcome | UnknownOutcome> {
  try {
    return { kind: "won", pod: await api.patch(pod.name, patch) };
  } catch (error) {
    if (error instanceof ConnectionError) {
      return { kind: error.reached ? "unknown" : "unreached", error };
    }
    if (!(error instanceof ApiError)) throw error;
    return await explainRefusal(api, pod, error);
  }
}

async function explainRefusal(
  api: PodApi,
  pod: Pod,
  error: ApiError,
): Promise<ClaimOutcome | UnknownOutcome> {
  const { status } = error;
  if (status === 404 || status === 409) return { kind: "lost", status };
  // When a test in the patch fails, the server answers 422 and reports no wrong field.
  if (status === 422 && error.causes === 0) {
    return await hasChanged(api, pod) ? { kind: "lost", status } : { kind: "fault", error };
  }
  if (status === 429) return { kind: "unreached", error };
  // After a 5xx, the patch may have been applied or not.
  return { kind: status >= 500 ? "unknown" : "fault", error };
}

async function hasChanged(api: PodApi, pod: Pod): Promise<boolean> {
  try {
    const current = await api.read(pod.name);
    return current.uid !== pod.uid || current.resourceVersion !== pod.resourceVersion;
  } catch {
    // The pod is gone, or the server is unreachable. Most likely another replica was faster.
    return true;
  }
}

/**
 * Finds out whether a claim without an answer was applied, and retries until that is certain. While
 * the pod is unchanged, the patch may still arrive. Therefore the pod is then deleted at exactly
 * that version. If the deletion comes first, the patch fails. If the patch comes first, the
 * deletion fails.
 *
 * @param pod The pod as it was when the claim was sent
 * @throws the signal's reason
 */
async function findOutcome(
  pod: Pod,
  claimId: string,
  { services, signal }: ClaimPodOptions,
): Promise<ClaimOutcome> {
  const { api, metrics, random, delay } = services;
  const { name, uid, resourceVersion } = pod;
  for (let failures = 0;;) {
    signal.throwIfAborted();
    try {
      const current = await api.read(name);
      if (current.uid === uid && readClaim(current)?.id === claimId) {
        return { kind: "won", pod: current };
      }
      // The patch tests the version, so it can no longer be applied.
      if (current.uid !== uid || current.resourceVersion !== resourceVersion) {
        return { kind: "lost", status: 409 };
      }
      await api.delete(name, { uid, resourceVersion });
      metrics.reaped("unknown_claim");
      return { kind: "lost", status: 410 };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return { kind: "lost", status: 404 };
      // The pod has changed since it was read: read it again.
      if (error instanceof ApiError && error.status === 409) continue;
      failures++;
      await delay(backoffMs(failures, BACKOFF, random()), signal);
    }
  }
}
