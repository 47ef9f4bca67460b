/** Finds photos that may have been enrolled for the wrong user. */

import { cosine } from "../../../matching/vector.ts";
import type { MergedTemplate } from "./merge_templates.ts";

/** Two photos with a higher cosine probably show the same person. */
const MAX_COSINE_OF_TWO_USERS = 0.6;

/** A photo that a person should check. */
export interface DoubtfulPhoto {
  /** Path of the photo. */
  readonly photo: string;
  /** User for whom the photo was enrolled. */
  readonly userId: string;
  /** Another user whom the photo resembles. */
  readonly resembles: string;
}

/**
 * Compares every new template with the templates of other users, photo by photo. It should resemble
 * none of them. lookalikes.ts compares it with the fused vectors of other users, as a search does.
 * agreement.ts compares it with the templates of its own user.
 *
 * @returns Photos in the order of the templates
 */
export function findDoubtfulPhotos(templates: readonly MergedTemplate[]): DoubtfulPhoto[] {
  return templates.flatMap((template) => {
    const { photo, entry: { user_id: userId } } = template;
    if (photo === undefined) return [];
    let best = -Infinity, resembles = "";
    for (const another of templates) {
      if (another.entry.user_id === userId) continue;
      const similarity = cosine(another.embedding, template.embedding);
      if (similarity > best) [best, resembles] = [similarity, another.entry.user_id];
    }
    return best > MAX_COSINE_OF_TWO_USERS ? [{ photo, userId, resembles }] : [];
  });
}
