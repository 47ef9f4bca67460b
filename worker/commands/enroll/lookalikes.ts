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
 * Compares each new template with the templates of other users. Otherwise the face of such a user
 * would match several users, and a search would answer `ambiguous_match`.
 *
 * An existing template is trusted: a new photo that matches it is refused, and refuses no other
 * photo. When the photos of two new templates match, one of them shows the wrong person, and neither
 * is trusted. The order of the templates does not matter.
 *
 * @returns The photos of the templates that match another user, in the order of the templates
 */
export function findLookalikes(
  templates: readonly MergedTemplate[],
  isMatch: MatchRule,
): Lookalike[] {
  /** The lookalikes among new templates, by their template. */
  const compare = (added: readonly MergedTemplate[], others: readonly MergedTemplate[]) =>
    new Map(added.flatMap((template) => {
      const { photo, entry: { user_id: userId } } = template;
      const nearest = findNearest(template, others);
      if (photo === undefined || !isMatch(nearest.similarity, templates.length)) return [];
      return [[template, { photo, userId, resembles: nearest.userId }] as const];
    }));
  const existing = templates.filter(({ photo }) => photo === undefined);
  const added = templates.filter(({ photo }) => photo !== undefined);
  const wrong = compare(added, existing);
  const rest = added.filter((template) => !wrong.has(template));
  const unclear = compare(rest, rest);
  return added.flatMap((template) => wrong.get(template) ?? unclear.get(template) ?? []);
}

/** Finds the template of another user with the highest cosine. */
function findNearest(
  { entry, embedding }: MergedTemplate,
  others: readonly MergedTemplate[],
): { similarity: number; userId: string } {
  let similarity = -Infinity, userId = "";
  for (const other of others) {
    if (other.entry.user_id === entry.user_id) continue;
    const another = cosine(other.embedding, embedding);
    if (another > similarity) [similarity, userId] = [another, other.entry.user_id];
  }
  return { similarity, userId };
}
