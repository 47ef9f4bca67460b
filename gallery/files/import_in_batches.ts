/** Stores many users. */

import {
  type FilePart,
  type GalleryStore,
  MAX_IMPORTED_USERS,
  type NewUser,
} from "../store/store.ts";

/** Options of {@linkcode importInBatches}. */
export interface ImportInBatchesOptions {
  /**
   * File that has all of the users. Those that were imported from it before are left out, unless
   * `again` is true.
   */
  readonly file?: Omit<FilePart, "first">;
  /** Called after each transaction, with its number of users. */
  readonly onStored?: (users: number) => void;
}

/**
 * Stores users with their templates, in transactions of {@linkcode MAX_IMPORTED_USERS} users. A call
 * that was interrupted can be repeated: what is stored already stays.
 *
 * @returns Number of templates that were added
 */
export async function importInBatches(
  store: GalleryStore,
  users: Iterable<NewUser> | AsyncIterable<NewUser>,
  { file, onStored }: ImportInBatchesOptions = {},
): Promise<number> {
  let added = 0;
  let first = 0;
  let batch: NewUser[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    added += await store.importUsers(batch, file && { ...file, first });
    onStored?.(batch.length);
    first += batch.length;
    batch = [];
  };
  for await (const user of users) {
    batch.push(user);
    if (batch.length === MAX_IMPORTED_USERS) await flush();
  }
  await flush();
  return added;
}
