/** The limits on tries, and what they say about a count of failures. */

/** Limits on tries to be recognised as one user, and on searches. */
export interface TriesPolicy {
  /** Number of failures in a row after which each next try must wait. */
  readonly free: number;
  /** Milliseconds from a failure to the next try, once the free ones are used. */
  readonly waitMs: number;
  /** Number of failures in a row after which no try is allowed until an unlock. */
  readonly lockAfter: number;
  /** The same number for all callers together. undefined: no such limit. */
  readonly userLockAfter: number | undefined;
  /**
   * Number of searches without a match that a caller may have made. One is forgotten after each
   * `waitMs`. undefined: no limit.
   */
  readonly searches: number | undefined;
}

/** The numbers of NIST SP 800-63B-4 for biometrics. It has no number for searches. */
export const DEFAULT_TRIES: TriesPolicy = {
  free: 5,
  waitMs: 30_000,
  lockAfter: 50,
  userLockAfter: undefined,
  searches: 100,
};

/** The reason why a try is not allowed. It does not depend on the face. */
export type TryRefusal =
  | { readonly kind: "wait"; readonly ms: number }
  /** Until an administrator unlocks the user. */
  | { readonly kind: "locked" };

/** Result of a comparison, as tries are counted. */
export type TryOutcome = "failed" | "matched" | "neither";

/** Limits on failures in a row. */
export interface RowLimit {
  readonly kind: "row";
  readonly free: number;
  readonly waitMs: number;
  readonly lockAfter: number;
}

/** Limit on a number of failures, of which one is forgotten after each `waitMs`. */
export interface RateLimit {
  readonly kind: "rate";
  readonly failures: number;
  readonly waitMs: number;
}

/** A limit of either kind. */
export type TriesLimit = RowLimit | RateLimit;

/** Failures, as they are stored. */
export interface CountedFailures {
  /** Failures in a row; 0 with a rate. */
  readonly failures: number;
  /** Time of the last failure. With a rate, the time at which the last failure is forgotten. */
  readonly at: number;
}

/**
 * Returns the reason why the next try is not allowed; undefined when it is.
 *
 * @param now Milliseconds since 1970
 */
export function refusalOf(
  { failures, at }: CountedFailures,
  limit: TriesLimit,
  now: number,
): TryRefusal | undefined {
  if (limit.kind === "row" && failures >= limit.lockAfter) return { kind: "locked" };
  if (limit.kind === "row" && failures < limit.free) return undefined;
  const wait = limit.kind === "row"
    ? at + limit.waitMs - now
    : at - now - (limit.failures - 1) * limit.waitMs;
  if (wait <= 0) return undefined;
  // Another replica's clock may be ahead.
  return { kind: "wait", ms: Math.min(wait, limit.waitMs) };
}

/** Returns the refusal that holds longest; undefined without one. */
export function strictest(refusals: readonly (TryRefusal | undefined)[]): TryRefusal | undefined {
  const length = (refusal: TryRefusal) => refusal.kind === "locked" ? Infinity : refusal.ms;
  return refusals.filter((refusal) => refusal !== undefined)
    .toSorted((a, b) => length(b) - length(a))[0];
}
