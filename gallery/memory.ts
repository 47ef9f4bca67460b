/** What the gallery service holds in memory: the index, and facts about what is in it. */

import type { UserTarget } from "./index/follow_store.ts";
import type { GalleryIndex } from "./index/gallery_index.ts";
import type { IndexedUser, UserKey } from "./store/store.ts";

/** All users of a store in memory. */
export interface Memory extends UserTarget {
  readonly index: GalleryIndex;
  /** Number of users. */
  readonly users: number;
  /** Number of templates. */
  readonly templates: number;
  /** Number of numbers in an embedding of a model; undefined when there is no template of it. */
  dimensionOf(model: string): number | undefined;
}

/**
 * Makes an empty memory.
 *
 * @param index An empty index
 */
export function createMemory(index: GalleryIndex): Memory {
  /** Number of templates of each user. */
  const counts = new Map<string, number>();
  const dimensions = new Map<string, number>();
  let templates = 0;
  const nameOf = ({ collection, userId }: UserKey) => `${collection}\0${userId}`;
  const count = (user: IndexedUser | undefined, key: UserKey) => {
    const name = nameOf(key);
    templates += (user?.templates.length ?? 0) - (counts.get(name) ?? 0);
    if (user) counts.set(name, user.templates.length);
    else counts.delete(name);
  };
  return {
    index,
    get users() {
      return counts.size;
    },
    get templates() {
      return templates;
    },
    dimensionOf: (model) => dimensions.get(model),
    put(user) {
      index.put(user);
      count(user, user);
      for (const { model, embedding } of user.templates) dimensions.set(model, embedding.length);
    },
    remove(key) {
      index.remove(key);
      count(undefined, key);
    },
  };
}
