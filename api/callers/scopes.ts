/** The scopes of callers. docs/http.md says what each scope allows. */

import type { KeyPolicy } from "../../shared/contract/face_policy.ts";

/** Every scope. A route names the scopes that open it; no scope contains another one. */
export const SCOPES = ["verify", "authenticate", "enrol", "admin", "audit"] as const;

/** A permission of a caller. */
export type Scope = typeof SCOPES[number];

/** Collection of users that callers without a key act in. */
export const DEFAULT_COLLECTION = "default";

/** Form of a collection's name. */
export const COLLECTION = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Program or person that sends a request. */
export interface Caller {
  /** Names the key of the caller in the log. undefined: the caller has no key. */
  readonly id: string | undefined;
  readonly scopes: ReadonlySet<Scope>;
  /** The only collection of users that the caller may use. */
  readonly collection: string;
  /** Number of requests that the caller may send in a minute. undefined: no limit. */
  readonly ratePerMinute: number | undefined;
  /** Policies of the caller's key. */
  readonly policy?: KeyPolicy;
}

/** Returns a caller without a key. */
export function callerWithoutKey(scopes: readonly Scope[]): Caller {
  return {
    id: undefined,
    scopes: new Set(scopes),
    collection: DEFAULT_COLLECTION,
    ratePerMinute: undefined,
  };
}
