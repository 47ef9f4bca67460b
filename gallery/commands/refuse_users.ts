/** Refuses users that an import must not store, before anything is stored. */

import { canonicalModel } from "../../models/known_models.ts";
import { MAX_TEMPLATES_OF_USER } from "../../shared/contract/users.ts";
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import { userName } from "../store/users.ts";
import type { GalleryStore, IndexedTemplate, NewUser, UserKey } from "../store/store.ts";

/** A user of a file. */
export interface CheckedUser extends NewUser {
  /** True when the user's stored consent and time of expiry stay. */
  readonly keepsFields: boolean;
}

/** A user as the users of the files read so far make it. */
interface Sum {
  readonly key: UserKey;
  /** Number of templates that are stored. */
  readonly stored: number;
  /** Number of templates in the files. */
  templates: number;
  consentRef: string | undefined;
}

/**
 * Refuses a user who would have templates without a consent, when templates need one, and a user with
 * more templates than the api can show. A template that is in two files, or in a file and in the
 * store, counts once.
 *
 * @param read Reads the users of all files from the beginning. It is called twice only when there
 * may be a user with too many templates
 * @throws {GalleryError} when a user must not be stored
 */
export async function refuseUsers(
  store: Pick<GalleryStore, "getUser" | "readUsers" | "requiresConsent">,
  read: () => AsyncIterable<CheckedUser>,
): Promise<void> {
  const sums = new Map<string, Sum>();
  for await (const user of read()) {
    const sum = sums.get(userName(user)) ?? await beginSum(store, user);
    sums.set(userName(user), sum);
    sum.templates += user.templates.length;
    if (!user.keepsFields) sum.consentRef = user.consentRef;
    if (store.requiresConsent && sum.consentRef === undefined && sum.stored + sum.templates > 0) {
      throw new GalleryError(
        `The user "${user.userId}" has no consent_ref, and REQUIRE_CONSENT is true, so nothing is ` +
          "imported. First store the users with their consent_ref: PUT /users/{user_id}",
      );
    }
  }
  const distinct = new Map<string, Set<string>>();
  for (const [name, { stored, templates }] of sums) {
    if (stored + templates > MAX_TEMPLATES_OF_USER) distinct.set(name, new Set());
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

async function beginSum(
  store: Pick<GalleryStore, "getUser">,
  { collection, userId }: UserKey,
): Promise<Sum> {
  const key = { collection, userId };
  const { templates: stored = 0, consentRef } = await store.getUser(key) ?? {};
  return { key, stored, templates: 0, consentRef };
}

function count(
  distinct: ReadonlyMap<string, Set<string>>,
  user: UserKey & { readonly templates: readonly Omit<IndexedTemplate, "templateId">[] },
): void {
  const own = distinct.get(userName(user));
  for (const { model, photo } of own ? user.templates : []) {
    own?.add(`${canonicalModel(model)} ${photo.toHex()}`);
  }
  if (own === undefined || own.size <= MAX_TEMPLATES_OF_USER) return;
  throw new GalleryError(
    `The user "${user.userId}" would have more than ${
      MAX_TEMPLATES_OF_USER.toLocaleString("en")
    } ` +
      "templates, so nothing is imported. Take some of this user's entries out of the file",
  );
}
