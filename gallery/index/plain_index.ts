/** A plain index: a list that is compared with every probe. */

import { fuse } from "../../matching/fuse.ts";
import { dot } from "../../matching/vector.ts";
import type { IndexedUser, UserKey } from "../store/store.ts";
import type { GalleryIndex, IndexMatch, IndexQuery } from "./gallery_index.ts";

/** Makes an empty index. */
export function createPlainIndex(): GalleryIndex {
  const users = new Map<string, IndexedUser>();
  const nameOf = ({ collection, userId }: UserKey) => JSON.stringify([collection, userId]);
  return {
    put: (user) => void users.set(nameOf(user), user),
    remove: (key) => void users.delete(nameOf(key)),
    countTemplates: (collection) =>
      [...users.values()].filter((user) => user.collection === collection)
        .reduce((sum, { templates }) => sum + templates.length, 0),
    search({ collection, model, probe, userId, now }: IndexQuery): IndexMatch | undefined {
      const found: { user: IndexedUser; similarity: number; templates: number }[] = [];
      for (const user of users.values()) {
        if (user.collection !== collection || (userId ?? user.userId) !== user.userId) continue;
        if (user.expiresAt !== undefined && user.expiresAt <= now) continue;
        const own = user.templates.filter((template) => template.model === model);
        if (own.length === 0) continue;
        const vector = fuse(own.map(({ embedding }) => embedding));
        const similarity = Math.min(Math.max(dot(vector, 0, probe), -1), 1);
        found.push({ user, similarity, templates: own.length });
      }
      const [nearest, second] = found.toSorted((a, b) => b.similarity - a.similarity);
      if (nearest === undefined) return undefined;
      return {
        userId: nearest.user.userId,
        name: nearest.user.name,
        similarity: nearest.similarity,
        compared: found.reduce((sum, { templates }) => sum + templates, 0),
        runnerUp: second?.similarity,
      };
    },
  };
}
