/** The interface of the index: all users of a store in memory, ready to be searched. */

import type { UserTarget } from "./follow_store.ts";

/** A search for the user of a face. */
export interface IndexQuery {
  /** Only users of this collection are compared. */
  readonly collection: string;
  /** sha256 of the model that made the probe. Only templates of the same model are compared. */
  readonly model: string;
  /** L2-normalised. */
  readonly probe: Float32Array;
  /** The only user to compare with, in NFC; all users of the collection by default. */
  readonly userId?: string;
  /** Milliseconds since 1970: users that have expired are not compared. */
  readonly now: number;
}

/** The user nearest to a probe. */
export interface IndexMatch {
  /** In NFC. */
  readonly userId: string;
  /** Name that people read. */
  readonly name: string;
  /** Similarity of the probe and the user's fused vector, −1 to 1. */
  readonly similarity: number;
  /** Number of templates compared, at least 1. */
  readonly compared: number;
  /** Highest similarity with another user; undefined when no other user was compared. */
  readonly runnerUp: number | undefined;
}

/**
 * Users in memory, by collection and model. A user has one vector for each model: the L2-normalised
 * mean of its templates.
 *
 * A decision reads the position of its follower, searches, and stores the decision with
 * that position. When the store answers "moved", it catches up and searches again.
 */
export interface GalleryIndex extends UserTarget {
  /** Returns the nearest user; undefined when there is nobody to compare with. */
  search(query: IndexQuery): IndexMatch | undefined;
  /** Number of templates of a collection, of all models. */
  countTemplates(collection: string): number;
}
