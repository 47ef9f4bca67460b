/** Makes changes of users and templates, one at a time in this process. */

import type { Gallery } from "./gallery.ts";
import { StoreUnavailable } from "./store/store.ts";
import { isStoreFailure } from "./store_failure.ts";

/** A change waits at most this long for the changes before it. A call is answered after 4 seconds. */
const WAIT_MS = 3000;

/**
 * Makes a change and applies it to the index, so that the next decision needs no second search. The
 * database makes one change at a time, too: with turns here, changes that wait for one another leave
 * its connections to decisions.
 *
 * When the index cannot follow, because the store has gone away, the change is made nevertheless:
 * decisions notice that the index is behind.
 *
 * @param signal Aborts when the call has been answered: the change is then not begun
 * @throws {StoreUnavailable} when the store is away, or there are too many changes before this one
 */
export async function change<Result>(
  { changes, follower }: Gallery,
  make: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  if (!await changes.take(WAIT_MS)) {
    throw new StoreUnavailable(`Other changes took longer than ${WAIT_MS} ms`);
  }
  try {
    signal.throwIfAborted();
    const result = await make();
    await follower.catchUp().catch(ignoreStoreFailure);
    return result;
  } finally {
    changes.release();
  }
}

function ignoreStoreFailure(error: unknown): void {
  if (!isStoreFailure(error)) throw error;
}
