/** The refusals of tries after too many failures. */

import { Problem } from "../shared/contract/problem.ts";
import type { Try } from "./store/store.ts";
import type { TryRefusal } from "./store/tries_policy.ts";

/** Makes the problem. It is the same for a face that matches and for one that does not. */
export function tryProblem(refusal: TryRefusal): Problem {
  return refusal.kind === "locked"
    ? new Problem("locked", "Too many attempts have failed: an administrator must unlock the user")
    : new Problem("too_many_attempts", "Too many attempts have failed", {
      retryAfterSeconds: retryAfter(refusal),
    });
}

/** Returns the seconds after which the next try is allowed. */
export function retryAfter({ ms }: Extract<TryRefusal, { kind: "wait" }>): number {
  return Math.ceil(ms / 1000);
}

/** Claims of a statement that say whose try a call is. */
interface TryClaims {
  readonly collection: string;
  readonly user_id?: string | undefined;
  readonly key?: string | undefined;
  readonly client_ref?: string | undefined;
}

/** Returns the try of a call: to be recognised as one user, or as anybody. */
export function tryOf({ collection, user_id, key, client_ref }: TryClaims): Try {
  return {
    collection,
    ...(user_id !== undefined && { userId: user_id }),
    ...(key !== undefined && { key }),
    ...(client_ref !== undefined && { clientRef: client_ref }),
  };
}

/** The tries that an enrolment is. */
export interface TriesOfEnrolment {
  /** To be the user. */
  readonly own: Try;
  /** To be anybody else. */
  readonly others: Try;
}

/**
 * Returns the tries that an enrolment is: the face is compared with the user's templates, and with all
 * other users.
 */
export function triesOfEnrolment(claims: TryClaims): TriesOfEnrolment {
  const { user_id: _, ...search } = claims;
  return { own: tryOf(claims), others: { ...tryOf(search), enrolment: true } };
}
