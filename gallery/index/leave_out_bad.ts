/** Keeps one bad template from making a whole gallery unusable. */

import type { IndexedUser } from "../store/store.ts";
import type { GalleryIndex } from "./gallery_index.ts";

/**
 * Returns an index that leaves out a user whose templates cannot be compared, for example because
 * they are longer than the model's other templates. Such a user is not recognised; all others are.
 *
 * @param report Called with each user that is left out
 */
export function leaveOutBad(
  index: GalleryIndex,
  report: (user: IndexedUser) => void,
): GalleryIndex {
  return {
    ...index,
    put(user) {
      try {
        index.put(user);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        index.remove(user);
        report(user);
      }
    },
  };
}
