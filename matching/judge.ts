/** Decides if the nearest user matches a face. */

import { floorScore } from "../shared/contract/score.ts";
import type { Nearest } from "./match.ts";
import type { Score } from "./score.ts";

/** Rule of a decision. */
export interface DecisionRule {
  /** Returns the score of a comparison. */
  readonly score: Score;
  /** Lowest score that is still a match. */
  readonly threshold: number;
}

/** Decision about a face. */
export type Judgement =
  | {
    /** The nearest user matches, and no other user does. */
    readonly kind: "match";
    /** Score of the nearest user, rounded down for an answer. */
    readonly confidence: number;
    /** Similarity of the nearest user, rounded down for an answer. */
    readonly similarity: number;
  }
  /** Nobody matches. Who was nearest, and how near, must not be told. */
  | { readonly kind: "no_match" }
  /** Two users match. Neither may be named. */
  | { readonly kind: "ambiguous" };

/**
 * Decides if the nearest user matches. A score that is not a number never matches, and a second user
 * with such a score makes the match ambiguous.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const rule = { score: ({ similarity }: { similarity: number }) => similarity, threshold: 0.7 };
 * const near = { similarity: 0.8, compared: 2, runnerUp: 0.1 };
 * assertEquals(judge(near, rule), { kind: "match", confidence: 0.8, similarity: 0.8 });
 * assertEquals(judge({ ...near, runnerUp: 0.7 }, rule), { kind: "ambiguous" });
 * assertEquals(judge({ ...near, similarity: 0.6 }, rule), { kind: "no_match" });
 * ```
 *
 * @param nearest The nearest user; undefined when there is nobody to compare with
 */
export function judge(nearest: Nearest | undefined, { score, threshold }: DecisionRule): Judgement {
  if (nearest === undefined) return { kind: "no_match" };
  const { similarity, compared, runnerUp } = nearest;
  const confidence = score(nearest);
  if (!(confidence >= threshold)) return { kind: "no_match" };
  if (runnerUp !== undefined && !(score({ similarity: runnerUp, compared }) < threshold)) {
    return { kind: "ambiguous" };
  }
  return {
    kind: "match",
    confidence: floorScore(confidence),
    similarity: floorScore(similarity),
  };
}
