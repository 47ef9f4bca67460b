/** Finds new photos that the service would take for another user. */

import type { Calibration } from "../../../models/calibration.ts";
import { confidence } from "../../../matching/confidence.ts";
import { fuse } from "../../../matching/fuse.ts";
import { cosine } from "../../../matching/vector.ts";
import type { MergedTemplate } from "./merge_templates.ts";

/** The default of MATCH_THRESHOLD. */
const MATCH_CONFIDENCE = 0.7;
/** Cosine of two photos that probably show one person, for a model without a calibration. */
const UNCALIBRATED_COSINE = 0.6;

/** A new photo that matches another user. */
export interface Lookalike {
  /** Path of the photo. */
  readonly photo: string;
  /** User for whom the photo was given. */
  readonly userId: string;
  /** The other user. */
  readonly resembles: string;
}

/** True when a face with this similarity to one of `compared` templates is a match. */
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
 * Compares each new template with the other users: with each template, and with the vector that is
 * fused of a user's templates, as a search does. Also compares the vector that a user gets by the
 * new photos with the existing templates of other users. Otherwise the face of such a user would
 * match several users, and a search would answer `ambiguous_match`.
 *
 * An existing template is trusted: a new photo that matches it is refused, and refuses no other
 * photo. When the photos of two new templates match, one of them shows the wrong person, and neither
 * is trusted. The order of the templates does not matter. When photos are removed, the vectors of
 * their users change, and the rest must be compared again.
 *
 * @returns The photos of the templates that match another user, in the order of the templates
 */
export function findLookalikes(
  templates: readonly MergedTemplate[],
  isMatch: MatchRule,
): Lookalike[] {
  /** The lookalikes among new templates, by their template. */
  const compare = (added: readonly MergedTemplate[], others: readonly MergedTemplate[]) => {
    const users = groupByUser(others);
    return new Map(added.flatMap((template) => {
      const { photo, entry: { user_id: userId } } = template;
      const nearest = findNearest(template, users);
      if (photo === undefined || !isMatch(nearest.similarity, templates.length)) return [];
      return [[template, { photo, userId, resembles: nearest.userId }] as const];
    }));
  };
  const existing = templates.filter(({ photo }) => photo === undefined);
  const added = templates.filter(({ photo }) => photo !== undefined);
  const wrong = compare(added, existing);
  const rest = added.filter((template) => !wrong.has(template));
  const unclear = compare(rest, [...existing, ...rest]);
  const before = fuseByUser(existing), after = fuseByUser([...existing, ...rest]);
  /** Returns another user with an existing template that matches this user only now. */
  const findTaken = (userId: string): string | undefined =>
    existing.find(({ entry, embedding }) => {
      if (entry.user_id === userId) return false;
      const matches = (vector: Float32Array | undefined) =>
        vector !== undefined && isMatch(cosine(vector, embedding), templates.length);
      return matches(after.get(userId)) && !matches(before.get(userId));
    })?.entry.user_id;
  const taken = new Map(
    [...new Set(rest.map(({ entry }) => entry.user_id))].map((id) => [id, findTaken(id)]),
  );
  return added.flatMap((template) => {
    const { photo, entry: { user_id: userId } } = template;
    const resembles = taken.get(userId);
    const jointly = photo === undefined || resembles === undefined
      ? []
      : { photo, userId, resembles };
    return wrong.get(template) ?? unclear.get(template) ?? jointly;
  });
}

/** For each user_id, the vector that is fused of the user's templates. */
function fuseByUser(templates: readonly MergedTemplate[]): ReadonlyMap<string, Float32Array> {
  const users = Map.groupBy(templates, ({ entry }) => entry.user_id);
  return new Map(Array.from(users, ([userId, group]) => [
    userId,
    fuse(group.map(({ embedding }) => embedding)),
  ]));
}

/** For each user_id, the user's templates and the vector that is fused of them. */
function groupByUser(
  templates: readonly MergedTemplate[],
): ReadonlyMap<string, readonly Float32Array[]> {
  const users = Map.groupBy(templates, ({ entry }) => entry.user_id);
  const fused = fuseByUser(templates);
  return new Map(Array.from(users, ([userId, group]) => [
    userId,
    [...group.map(({ embedding }) => embedding), fused.get(userId)!],
  ]));
}

/** Finds the other user with the highest similarity. */
function findNearest(
  { entry, embedding }: MergedTemplate,
  users: ReadonlyMap<string, readonly Float32Array[]>,
): { similarity: number; userId: string } {
  let similarity = -Infinity, userId = "";
  for (const [other, vectors] of users) {
    if (other === entry.user_id) continue;
    for (const vector of vectors) {
      const another = cosine(vector, embedding);
      if (another > similarity) [similarity, userId] = [another, other];
    }
  }
  return { similarity, userId };
}
