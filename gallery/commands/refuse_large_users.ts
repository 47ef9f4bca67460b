/** Refuses users with more templates than the api can show. */

import { MAX_TEMPLATES_OF_USER } from "../../shared/contract/users.ts";
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import type { GalleryStore, IndexedTemplate, NewUser, UserKey } from "../store/store.ts";

/**
 * Counts the templates that each user would have after an import, before anything is stored. A
 * template that is in two files, or in a file and in the store, counts once.
 *
 * @param read Reads the users of all files from the beginning. It is called twice only when there
 * may be a user with too many templates
 * @throws {GalleryError} when a user would have more than {@linkcode MAX_TEMPLATES_OF_USER}
 */
export async function refuseLargeUsers(
  store: Pick<GalleryStore, "getUser" | "readUsers">,
  read: () => AsyncIterable<NewUser>,
): Promise<void> {
  const sums = new Map<string, { readonly key: UserKey; templates: number }>();
  for await (const { collection, userId, templates } of read()) {
    const key = { collection, userId };
    const sum = sums.get(nameOf(key)) ?? { key, templates: 0 };
    sum.templates += templates.length;
    sums.set(nameOf(key), sum);
  }
  const distinct = new Map<string, Set<string>>();
  for (const { key, templates } of sums.values()) {
    const stored = (await store.getUser(key))?.templates ?? 0;
    if (stored + templates > MAX_TEMPLATES_OF_USER) distinct.set(nameOf(key), new Set());
  }
  if (distinct.size === 0) return;
  for await (const user of read()) count(distinct, user);
  const collections = new Set(
    [...distinct.keys()].map((name) => sums.get(name)!.key.collection),
  );
  for (const collection of collections) {
    for await (const user of store.readUsers(collection)) count(distinct, user);
  }
}

function count(
  distinct: ReadonlyMap<string, Set<string>>,
  user: UserKey & { readonly templates: readonly Omit<IndexedTemplate, "templateId">[] },
): void {
  const own = distinct.get(nameOf(user));
  for (const { model, photo } of own ? user.templates : []) own?.add(`${model} ${photo.toHex()}`);
  if (own === undefined || own.size <= MAX_TEMPLATES_OF_USER) return;
  throw new GalleryError(
    `The user "${user.userId}" would have more than ${
      MAX_TEMPLATES_OF_USER.toLocaleString("en")
    } ` +
      "templates, so nothing is imported. Take some of this user's entries out of the file",
  );
}

/** A user_id has no control characters. */
const nameOf = ({ collection, userId }: UserKey): string => `${collection}\0${userId}`;
