/** An event of the audit, and the query that lists events. */

import type { AuditKind } from "../../shared/contract/audit.ts";

/** The call that caused an event. */
export interface AuditOrigin {
  /** Id of the caller's key. undefined: a caller without a key, or the gallery itself. */
  readonly key?: string | undefined;
  /** The client's label of the request. Not unique. */
  readonly requestId?: string | undefined;
}

/** Something that happened. It has no score, no name and no biometric data. */
export interface AuditEvent extends AuditOrigin {
  readonly collection: string;
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
  readonly kind?: AuditKind | undefined;
  /** Id of the caller's key. */
  readonly key?: string | undefined;
  /** Milliseconds since 1970: events from then on. */
  readonly from?: number | undefined;
  /** Milliseconds since 1970: events before. */
  readonly to?: number | undefined;
}
