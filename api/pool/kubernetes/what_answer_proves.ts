/** Decides what to do after a claim's patch has failed, by what the answer proves. */

import { ApiError, type ConnectionError } from "./api_server/pod_api.ts";

/** Knowledge about a claim whose patch has failed. */
export type Proof =
  /** The API server never received the patch. */
  | "not_received"
  /** The API server did not apply the patch, because it refused the credentials. */
  | "credentials"
  /** The API server did not apply the patch, and the pod is not the reason. */
  | "not_applied"
  /** The API server did not apply the patch, probably because the pod has changed or is gone. */
  | "changed"
  /** The API server no longer works on the patch. It may have applied it. */
  | "over"
  /** The connection broke. The API server may have applied the patch, or may still apply it. */
  | "broken"
  /** No answer came in time. The API server may have applied the patch, or may still apply it. */
  | "slow";

/** The end of a claim: another pod is tried, the request is refused, or the patch is sent again. */
export type ClaimStep = "lost" | "refused" | "again";

/** Reaction to a {@linkcode Proof}. */
export interface Reaction {
  /** Largest number of reads of the pod: the first one that succeeds is the last. 0: no read. */
  readonly reads: number;
  /** Next step when the pod has not changed, or is not read. */
  readonly unchanged: ClaimStep;
  /** Next step when no read succeeded. */
  readonly unread: ClaimStep;
}

/**
 * The table of docs/architecture.md. A pod that was read and has the claim is used, and a pod that
 * was read and has changed is lost. No pod is deleted because of a doubt. A patch that is applied
 * late either fails, because it tests the pod's version, or its pod is deleted by the reaper.
 */
export const REACTIONS: Readonly<Record<Proof, Reaction>> = {
  not_received: { reads: 0, unchanged: "refused", unread: "refused" },
  credentials: { reads: 0, unchanged: "again", unread: "again" },
  not_applied: { reads: 0, unchanged: "refused", unread: "refused" },
  changed: { reads: 1, unchanged: "refused", unread: "lost" },
  over: { reads: 1, unchanged: "refused", unread: "refused" },
  broken: { reads: 3, unchanged: "again", unread: "refused" },
  slow: { reads: 1, unchanged: "refused", unread: "refused" },
};

/** Returns what a failed patch proves. */
export function whatAnswerProves(error: ApiError | ConnectionError): Proof {
  if (error instanceof ApiError) return whatStatusProves(error);
  if (!error.reached) return "not_received";
  return error.timedOut ? "slow" : "broken";
}

function whatStatusProves({ status, causes }: ApiError): Proof {
  switch (status) {
    case 401:
      return "credentials";
    case 404:
    case 409:
    case 410:
      return "changed";
    case 422:
      // When a test in the patch fails, the server reports no wrong field.
      return causes === 0 ? "changed" : "not_applied";
    default:
      // The server answers 4xx before it writes. After a 5xx, or the answer of a proxy, the patch
      // may have been written.
      return status >= 400 && status < 500 ? "not_applied" : "over";
  }
}
