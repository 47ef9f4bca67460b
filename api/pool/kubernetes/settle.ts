/** Finds out what became of a claim whose answer was lost. */

import { backoffMs } from "../../../shared/backoff.ts";
import { readClaim } from "./claim.ts";
import type { ClaimOutcome } from "./claim_pod.ts";
import type { Pod } from "./pod.ts";
import { ApiError, type PodApi } from "./api_server/pod_api.ts";

/** Surroundings of {@linkcode settleClaim}. */
export interface SettleOptions {
  readonly api: PodApi;
  /** The pod was destroyed, for nobody could have known whose it was. */
  readonly onDestroyed: () => void;
  /** 0 to 1. */
  readonly random: () => number;
  /** Waits; rejects when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Gives up; the claim's deadline on the pod then ends it, if it was applied. */
  readonly signal: AbortSignal;
}

/** A claim whose outcome is certain. */
export type SettledClaim = Extract<ClaimOutcome, { kind: "won" | "lost" }>;

const BACKOFF = { firstMs: 50, maxMs: 2000 };

/**
 * Asks until it is certain. A pod that is as it was may still be claimed by a patch that is on its
 * way, so it is deleted at that version: whichever comes first makes the other fail.
 *
 * @param pod As it was when the claim was sent
 * @param claimId The claim's
 * @throws the signal's reason
 */
export async function settleClaim(
  pod: Pod,
  claimId: string,
  { api, onDestroyed, random, delay, signal }: SettleOptions,
): Promise<SettledClaim> {
  const { name, uid, resourceVersion } = pod;
  for (let failures = 0;;) {
    signal.throwIfAborted();
    try {
      const seen = await api.read(name);
      if (seen.uid === uid && readClaim(seen)?.id === claimId) return { kind: "won", pod: seen };
      // The patch tests the version, so it cannot be applied any more.
      if (seen.uid !== uid || seen.resourceVersion !== resourceVersion) {
        return { kind: "lost", status: 409 };
      }
      await api.delete(name, { uid, resourceVersion });
      onDestroyed();
      return { kind: "lost", status: 410 };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return { kind: "lost", status: 404 };
      // It moved on in between: the next look tells how.
      if (error instanceof ApiError && error.status === 409) continue;
      failures++;
      await delay(backoffMs(failures, BACKOFF, random()), signal);
    }
  }
}
