/** Finds photos that may have been enrolled for the wrong user. */

import { cosine } from "../../vector.ts";
import type { MergedTemplate } from "./merge_templates.ts";

/** Below this a face is hardly that of the other photo. */
const UNLIKE = 0.2;
/** Above this two faces are hardly those of two people. */
const MUCH_ALIKE = 0.6;

/** A photo that someone should look at. */
export interface DoubtfulPhoto {
  /** Path of the photo. */
  readonly photo: string;
  /** For whom it was enrolled. */
  readonly userId: string;
  /** The other user whom it resembles; undefined: it resembles no other photo of its own user. */
  readonly like: string | undefined;
}

/**
 * Compares every new template with all others: those of its user, of which it should resemble one,
 * and those of other users, of which it should resemble none.
 *
 * @returns In the order of the templates; a photo may be in doubt for both reasons
 */
export function findDoubtfulPhotos(templates: readonly MergedTemplate[]): DoubtfulPhoto[] {
  return templates.flatMap((template) => {
    const { photo, entry: { user_id: userId } } = template;
    if (photo === undefined) return [];
    let own = -Infinity, other = -Infinity, like = "";
    for (const another of templates) {
      if (another === template) continue;
      const similarity = cosine(another.embedding, template.embedding);
      if (another.entry.user_id === userId) own = Math.max(own, similarity);
      else if (similarity > other) {
        other = similarity;
        like = another.entry.user_id;
      }
    }
    const doubts: DoubtfulPhoto[] = [];
    if (own > -Infinity && own < UNLIKE) doubts.push({ photo, userId, like: undefined });
    if (other > MUCH_ALIKE) doubts.push({ photo, userId, like });
    return doubts;
  });
}
