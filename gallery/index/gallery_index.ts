/** The interface of the index: all users of a store in memory, ready to be searched. */

import type { Nearest } from "../../matching/match.ts";
import type { IndexedUser } from "../store/store.ts";
import type { UserTarget } from "./follow_store.ts";

/** A search for the user of a face. */
export interface IndexQuery {
  /** Only users of this collection are compared. */
  readonly collection: string;
  /** sha256 of the file that made the probe. Only templates of the same model are compared. */
  readonly model: string;
  /** L2-normalised. */
  readonly probe: Float32Array;
  /** The only user to compare with, in NFC; all users of the collection by default. */
  readonly userId?: string;
  /**
   * A user who is not compared, in NFC. An enrolment looks for the nearest other user with it.
   */
  readonly exceptUserId?: string;
  /** Milliseconds since 1970: users that have expired are not compared. */
  readonly now: number;
}

/** The user nearest to a probe. `matching/judge.ts` decides if it matches. */
export interface IndexMatch extends Nearest {
  /** In NFC. */
  readonly userId: string;
  /** Name that people read. */
  readonly name: string;
  /** Similarity of the probe and the user's fused vector, −1 to 1. */
  readonly similarity: number;
  /**
   * Number of templates compared, at least 1: in a search those of the collection and model, in a
   * comparison with one user those of the user. Not counted are users that have expired, and
   * `exceptUserId`.
   */
  readonly compared: number;
  /** Highest similarity with another user; undefined when no other user was compared. */
  readonly runnerUp: number | undefined;
}

/**
 * Users in memory, by collection and model. A user has one vector for each model, which is fused of
 * its templates (`matching/fuse.ts`). Templates themselves are not kept.
 *
 * A decision reads the position of its follower, searches, and stores the decision with
 * that position. When the store answers "moved", it catches up and searches again.
 */
export interface GalleryIndex extends UserTarget {
  /**
   * Adds a user, or replaces it with all templates.
   *
   * @throws {RangeError} naming the user, when a template is not L2-normalised, or has another length
   * than the model's other templates. Nothing is changed then
   */
  put(user: IndexedUser): void;
  /**
   * Returns the nearest user; undefined when there is nobody to compare with, or the probe contains
   * NaN.
   *
   * @throws {RangeError} when the probe has another length than the model's vectors
   */
  search(query: IndexQuery): IndexMatch | undefined;
  /**
   * Returns the number of templates of a collection, of all models.
   *
   * @param now Milliseconds since 1970: templates of users that have expired are not counted. By
   * default the time of the last search
   */
  countTemplates(collection: string, now?: number): number;
  /**
   * Counts the users of all collections, and the templates of those who had not expired at the last
   * search.
   */
  count(): { readonly users: number; readonly templates: number };
  /** Returns the length of a model's vectors; undefined when no template of it was added so far. */
  dimensionOf(model: string): number | undefined;
}
