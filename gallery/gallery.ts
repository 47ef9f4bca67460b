/** The parts of a gallery that is open. */

import type { MatchConfig } from "../matching/score.ts";
import type { Follower } from "./index/follow_store.ts";
import type { GalleryIndex } from "./index/gallery_index.ts";
import type { FindRules, ModelRules } from "./rules.ts";
import type { Slots } from "./store/slots.ts";
import type { FacePolicy } from "../shared/contract/face_policy.ts";
import type { GalleryStore } from "./store/store.ts";
import { Problem } from "../shared/contract/problem.ts";

/** An open gallery: its store, and the same users in memory. */
export interface Gallery {
  readonly store: GalleryStore;
  readonly follower: Follower<GalleryIndex>;
  /** Rule of a match, as it is configured. */
  readonly match: MatchConfig;
  /** Policies on faces that should not be recognised. */
  readonly policy: FacePolicy;
  /** Returns the rules for a model. */
  readonly findRules: FindRules;
  /** One slot: changes of users and templates are made one at a time. */
  readonly changes: Slots;
  /** Returns milliseconds since 1970. */
  readonly clock: () => number;
}

/** Seconds after which a client should retry. */
const RETRY_AFTER_SECONDS = 1;
/** Number of times that a comparison is made when the gallery changes at the same time. */
export const MAX_TRIES = 10;

/** Makes the problem of a gallery that cannot answer at the moment. */
export function unavailable(cause: unknown): Problem {
  return new Problem("gallery_unavailable", "The gallery cannot answer at the moment", {
    cause,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

/**
 * Returns the rules for a model.
 *
 * @throws {Problem} `gallery_unavailable` when the model has no calibration, and one is needed
 */
export function rulesOf({ findRules }: Gallery, model: string): ModelRules {
  const rules = findRules(model);
  if (rules === undefined) throw unavailable(new Error("The recognition model has no calibration"));
  return rules;
}
