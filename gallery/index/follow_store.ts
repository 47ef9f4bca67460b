/** Keeps users in memory as a store has them. */

import type { GalleryStore, IndexedUser, Position, UserKey } from "../store/store.ts";

/** Holds users in memory. The index that is searched is one. */
export interface UserTarget {
  /** Adds a user, or replaces it with all templates. */
  put(user: IndexedUser): void;
  /** Removes a user, if it is there. */
  remove(key: UserKey): void;
}

/** Follows the changes of a store. */
export interface Follower<Target extends UserTarget> {
  /** Holds all users as they were at the position, or later. Another one after a rebuild. */
  readonly target: Target;
  /** Position for {@linkcode GalleryStore.decide}. Read it before the target is searched. */
  readonly position: Position;
  /**
   * Applies the changes since the position. Reads all users again when the store does not know the
   * position. Until then the older target stays in place: no decision on it is stored.
   *
   * @throws {StoreUnavailable} when the store is away; the position is then what it was, or later
   * @throws {StoreDamaged} when a template cannot be decrypted
   */
  catchUp(): Promise<void>;
}

/**
 * Loads all users of a store into memory.
 *
 * A user that has expired stays in the target until a purge, because time alone changes no position.
 * A target must look at `expiresAt` itself, as the index does.
 *
 * @param makeTarget Makes an empty target; called again for each rebuild
 * @throws {StoreUnavailable} when the store is away
 * @throws {StoreDamaged} when a template cannot be decrypted
 */
export async function followStore<Target extends UserTarget>(
  store: GalleryStore,
  makeTarget: () => Target,
): Promise<Follower<Target>> {
  let current = await load(store, makeTarget);
  /** The catching up that runs now. Callers that come meanwhile wait for it. */
  let running: Promise<void> | undefined;
  return {
    get target() {
      return current.target;
    },
    get position() {
      return current.position;
    },
    catchUp() {
      running ??= applyChanges(store, current).then(async (known) => {
        if (!known) current = await load(store, makeTarget);
      }).finally(() => running = undefined);
      return running;
    },
  };
}

interface Loaded<Target extends UserTarget> {
  readonly target: Target;
  position: Position;
}

async function load<Target extends UserTarget>(
  store: GalleryStore,
  makeTarget: () => Target,
): Promise<Loaded<Target>> {
  for (;;) {
    const loaded = { target: makeTarget(), position: await store.position() };
    for await (const user of store.readUsers()) loaded.target.put(user);
    // Users may have changed while they were read.
    if (await applyChanges(store, loaded)) return loaded;
  }
}

/** Returns false when the store does not know the position. */
async function applyChanges(
  store: GalleryStore,
  loaded: Loaded<UserTarget>,
): Promise<boolean> {
  for (;;) {
    const changes = await store.changesSince(loaded.position);
    if (changes.kind === "rebuild") return false;
    for (const { user, ...key } of changes.users) {
      if (user) loaded.target.put(user);
      else loaded.target.remove(key);
    }
    loaded.position = changes.position;
    if (!changes.more) return true;
  }
}
