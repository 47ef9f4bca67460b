/** The parts of the audit that its store gets and returns: events, their query, and checkpoints. */

import { AUDIT_KINDS, type AuditKind } from "../../shared/contract/audit.ts";

export { AUDIT_KINDS, type AuditKind };

/** The call that caused an event. */
export interface AuditOrigin {
  /** Id of the caller's key. undefined: a caller without a key, or the gallery itself. */
  readonly key?: string | undefined;
  /** The client's label of the request. Not unique. */
  readonly requestId?: string | undefined;
}

/** Something that happened. It has no score, no name and no biometric data. */
export interface AuditEvent extends AuditOrigin {
  /** Collection in which it happened. */
  readonly collection: string;
  /** Kind of the event. */
  readonly kind: AuditKind;
  /** A short code. */
  readonly outcome: string;
  /**
   * User that the event is about. The row has the random reference of this user, and none when there
   * is no such user.
   */
  readonly userId?: string | undefined;
}

/** An event as it is stored. */
export interface StoredEvent extends Omit<AuditEvent, "kind"> {
  /** A word of AuditKind, or of a newer version. */
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Chain that the row belongs to. */
  readonly chain: string;
  /** Number of the row in its chain, from 1 on. */
  readonly seq: number;
  /** undefined: no user, or one that does not exist any more. */
  readonly userId: string | undefined;
}

/** The events to list. Without a field, all of them. */
export interface AuditQuery {
  /** Greatest number of events of a page. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
  /** Events of this user, as long as the user exists. */
  readonly userId?: string | undefined;
  /** Events of this kind. */
  readonly kind?: AuditKind | undefined;
  /** Id of the caller's key. */
  readonly key?: string | undefined;
  /** Milliseconds since 1970: events from then on. */
  readonly from?: number | undefined;
  /** Milliseconds since 1970: events before. */
  readonly to?: number | undefined;
}

/**
 * The heads that are signed: those of this process that have changed, those of all processes that
 * have changed, or all.
 */
export type CheckpointScope = "own" | "changed" | "all";

/** The newest rows of chains, signed. It goes into the log. */
export interface AuditCheckpoint {
  /** In UTC. */
  readonly time: string;
  /** For each chain its name, the number of its last row, and the code of this row. */
  readonly heads: readonly (readonly [chain: string, seq: number, code: string])[];
  /**
   * Number of all chains, when this checkpoint and others of the same time have the heads of all.
   * undefined: of some chains.
   */
  readonly chains?: number | undefined;
  /** Code over all of this, in hexadecimal digits. */
  readonly code: string;
}
