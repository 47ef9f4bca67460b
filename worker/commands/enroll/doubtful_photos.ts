/** Finds photos that may have been enrolled for the wrong user. */

import { cosine } from "../../vector.ts";
import type { MergedTemplate } from "./merge_templates.ts";

/** Two photos with a lower cosine probably show two people. */
const MIN_COSINE_OF_ONE_USER = 0.2;
/** Two photos with a higher cosine probably show the same person. */
const MAX_COSINE_OF_TWO_USERS = 0.6;

/** A photo that a person should check. */
export interface DoubtfulPhoto {
  /** Path of the photo. */
  readonly photo: string;
  /** User for whom the photo was enrolled. */
  readonly userId: string;
  /**
   * Another user whom the photo resembles; undefined when the photo resembles no other photo of its
   * user.
   */
  readonly resembles: string | undefined;
}

/**
 * Compares every new template with all other templates. A new template should resemble at least one
 * other template of its user, and no template of another user.
 *
 * @returns Photos in the order of the templates. A photo can be there twice, once for each reason
 */
export function findDoubtfulPhotos(templates: readonly MergedTemplate[]): DoubtfulPhoto[] {
  return templates.flatMap((template) => {
    const { photo, entry: { user_id: userId } } = template;
    if (photo === undefined) return [];
    let bestOfUser = -Infinity, bestOfOthers = -Infinity, nearestOther = "";
    for (const another of templates) {
      if (another === template) continue;
      const similarity = cosine(another.embedding, template.embedding);
      if (another.entry.user_id === userId) {
        bestOfUser = Math.max(bestOfUser, similarity);
      } else if (similarity > bestOfOthers) {
        bestOfOthers = similarity;
        nearestOther = another.entry.user_id;
      }
    }
    const doubts: DoubtfulPhoto[] = [];
    if (bestOfUser > -Infinity && bestOfUser < MIN_COSINE_OF_ONE_USER) {
      doubts.push({ photo, userId, resembles: undefined });
    }
    if (bestOfOthers > MAX_COSINE_OF_TWO_USERS) {
      doubts.push({ photo, userId, resembles: nearestOther });
    }
    return doubts;
  });
}
