/** Finds new photos that the service would take for another user. */

import type { Calibration } from "../../../models/calibration.ts";
import { confidence } from "../../gallery/confidence.ts";
import { cosine } from "../../vector.ts";
import type { MergedTemplate } from "./merge_templates.ts";

/** The default of MATCH_THRESHOLD. */
const MATCH_CONFIDENCE = 0.7;
/** Cosine of two photos that probably show one person, for a model without a calibration. */
const UNCALIBRATED_COSINE = 0.6;

/** A new photo that matches a template of another user. */
export interface Lookalike {
  /** Path of the photo. */
  readonly photo: string;
  /** User for whom the photo was given. */
  readonly userId: string;
  /** The other user. */
  readonly resembles: string;
}

/** True when a face with this cosine to one of `compared` templates is a match. */
export type MatchRule = (similarity: number, compared: number) => boolean;

/**
 * Returns the rule of a search in the gallery (1:N), with the default threshold.
 *
 * @param calibration Calibration of the recognition model, if it has one
 */
export function createMatchRule(calibration: Calibration | undefined): MatchRule {
  if (calibration === undefined) return (similarity) => similarity >= UNCALIBRATED_COSINE;
  return (similarity, compared) =>
    confidence(similarity, compared, calibration) >= MATCH_CONFIDENCE;
}

/**
 * Compares each new template with the templates of other users: all existing ones, and the new ones
 * before it. Otherwise the face of such a user would match several users, and a search would answer
 * `ambiguous_match`.
 *
 * @returns The photos of the templates that match another user, in the order of the templates
 */
export function findLookalikes(
  templates: readonly MergedTemplate[],
  isMatch: MatchRule,
): Lookalike[] {
  const accepted = templates.filter(({ photo }) => photo === undefined);
  const lookalikes: Lookalike[] = [];
  for (const template of templates) {
    const { photo, embedding, entry: { user_id: userId } } = template;
    if (photo === undefined) continue;
    let similarity = -Infinity, resembles = "";
    for (const other of accepted) {
      if (other.entry.user_id === userId) continue;
      const another = cosine(other.embedding, embedding);
      if (another > similarity) [similarity, resembles] = [another, other.entry.user_id];
    }
    if (resembles !== "" && isMatch(similarity, templates.length)) {
      lookalikes.push({ photo, userId, resembles });
    } else {
      accepted.push(template);
    }
  }
  return lookalikes;
}
