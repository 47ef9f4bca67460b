/** Stores many users. */

import { type GalleryStore, MAX_IMPORTED_USERS, type NewUser } from "../store/store.ts";

/**
 * Stores users with their templates, in transactions of {@linkcode MAX_IMPORTED_USERS} users. A call
 * that was interrupted can be repeated: what is stored already stays.
 *
 * @param onStored Called after each transaction, with its number of users
 * @returns Number of templates that were added
 */
export async function importInBatches(
  store: GalleryStore,
  users: Iterable<NewUser> | AsyncIterable<NewUser>,
  onStored: (users: number) => void = () => {},
): Promise<number> {
  let added = 0;
  let batch: NewUser[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    added += await store.importUsers(batch);
    onStored(batch.length);
    batch = [];
  };
  for await (const user of users) {
    batch.push(user);
    if (batch.length === MAX_IMPORTED_USERS) await flush();
  }
  await flush();
  return added;
}
