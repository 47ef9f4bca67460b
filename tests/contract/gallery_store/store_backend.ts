/** A database under test, and names that the tests of a store have in common. */

import type { StoreOptions } from "../../../gallery/store/sql_store.ts";
import type { GalleryStore, IndexedUser } from "../../../gallery/store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../../shared/template_keys.ts";

/** A database under test, which is empty at first. Disposing of it removes the database. */
export interface StoreBackend extends AsyncDisposable {
  /** Opens the database. With SQLite, the store that was opened before must be closed. */
  open(options: StoreOptions): Promise<GalleryStore>;
}

/**
 * Registers a test. Its `body` gets an open store with {@linkcode KEYS}, the clock of this store and
 * its database.
 */
export type StoreTest = (
  name: string,
  body: (store: GalleryStore, clock: { now: number }, backend: StoreBackend) => Promise<void>,
  options?: Partial<StoreOptions>,
) => void;

/** Template keys of the stores. */
export const KEYS = parseTemplateKeys(makeTemplateKey());

/** A user. */
export const ALICE = { collection: "default", userId: "alice" };
/** Another user of the same collection. */
export const BOB = { collection: "default", userId: "bob" };

/** Returns all users of a store. */
export async function readAll(store: GalleryStore, collection?: string): Promise<IndexedUser[]> {
  return await Array.fromAsync(store.readUsers(collection));
}
