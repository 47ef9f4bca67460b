/** Claims a pod, and finds out what became of it. */

import { describeError, type Logger } from "../../../shared/log.ts";
import type { PoolMetrics } from "../../metrics.ts";
import { claimPatch, type Owner } from "./claim.ts";
import type { Pod } from "./pod.ts";
import {
  ApiError,
  ConnectionError,
  type PatchOperation,
  type PodApi,
} from "./api_server/pod_api.ts";
import { settleClaim, type SettleOptions } from "./settle.ts";

/** What became of a claim. */
export type ClaimOutcome =
  | { readonly kind: "won"; readonly pod: Pod }
  /** Another replica was faster, or the pod is gone. */
  | { readonly kind: "lost"; readonly status: number }
  /** The server refuses it for what it is: another try would fare no better. */
  | { readonly kind: "fault"; readonly error: ApiError }
  /** The server never acted on it. */
  | { readonly kind: "unreached"; readonly error: Error }
  /** It may yet be applied, or has been. */
  | { readonly kind: "unknown"; readonly error: Error };

/** Surroundings of {@linkcode claimPod}. */
export interface ClaimPodOptions extends Omit<SettleOptions, "onDestroyed"> {
  /** This process, as its claims say. */
  readonly replica: string;
  readonly newClaimId: () => string;
  readonly log: Logger;
  readonly metrics: Pick<PoolMetrics, "reaped">;
}

/**
 * Claims a pod for so long, and does not end before it is certain what became of that.
 *
 * @throws the signal's reason, when that is not certain by then
 */
export async function claimPod(
  pod: Pod,
  owner: Owner,
  leaseMs: number,
  options: ClaimPodOptions,
): Promise<Exclude<ClaimOutcome, { kind: "unknown" }>> {
  const { api, replica, newClaimId, log, metrics } = options;
  const now = api.now();
  const claim = { id: newClaimId(), by: replica, deadline: now + leaseMs };
  const outcome = await sendClaim(api, pod, claimPatch(pod, claim, owner, now));
  if (outcome.kind !== "unknown") return outcome;
  log.warn({ worker: pod.name, error: describeError(outcome.error) }, "claim without an answer");
  const onDestroyed = () => metrics.reaped("unknown_claim");
  return await settleClaim(pod, claim.id, { ...options, onDestroyed });
}

async function sendClaim(
  api: PodApi,
  pod: Pod,
  patch: readonly PatchOperation[],
): Promise<ClaimOutcome> {
  try {
    return { kind: "won", pod: await api.patch(pod.name, patch) };
  } catch (error) {
    if (error instanceof ConnectionError) {
      return { kind: error.reached ? "unknown" : "unreached", error };
    }
    if (!(error instanceof ApiError)) throw error;
    return await understand(api, pod, error);
  }
}

async function understand(api: PodApi, pod: Pod, error: ApiError): Promise<ClaimOutcome> {
  const { status } = error;
  if (status === 404 || status === 409) return { kind: "lost", status };
  // A test that fails is a 422 that names no field.
  if (status === 422 && error.causes === 0) {
    return await hasMovedOn(api, pod) ? { kind: "lost", status } : { kind: "fault", error };
  }
  if (status === 429) return { kind: "unreached", error };
  // A server that failed, or one in between, may have passed the patch on.
  return { kind: status >= 500 ? "unknown" : "fault", error };
}

async function hasMovedOn(api: PodApi, { name, uid, resourceVersion }: Pod): Promise<boolean> {
  try {
    const now = await api.read(name);
    return now.uid !== uid || now.resourceVersion !== resourceVersion;
  } catch {
    // Gone, or not to be asked: the test that failed is the best explanation there is.
    return true;
  }
}
