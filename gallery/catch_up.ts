/** Brings the index up to date after a change of this process. */

import type { Gallery } from "./gallery.ts";
import { StoreUnavailable } from "./store/store.ts";

/**
 * Applies a change that is stored to the index, so that the next decision needs no second search.
 * When the store goes away now, the change is stored nevertheless, and decisions notice that the
 * index is behind.
 */
export async function catchUpBeforeAnswer({ follower }: Gallery): Promise<void> {
  try {
    await follower.catchUp();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}
