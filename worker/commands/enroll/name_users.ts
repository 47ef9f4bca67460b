/** Decides the name of each user to enrol, and checks user_ids and names. */

import type { GalleryEntry } from "../../gallery/gallery_entry.ts";
import type { ExistingTemplates } from "./merge_templates.ts";

const MAX_CHARACTERS = 256;

/** A user to enrol, who may already be in the gallery. */
export interface UserToName {
  readonly userId: string;
  /** undefined to use the name in the gallery. */
  readonly name: string | undefined;
}

/** A user with the name to enrol. */
export interface NamedUser<User extends UserToName> {
  readonly user: User;
  readonly name: string;
  /** The user's name in the gallery; undefined for a new user. */
  readonly before: string | undefined;
}

/** A user whose name changes. */
export interface Renaming {
  readonly userId: string;
  readonly before: string;
  readonly name: string;
}

/** Error for a user who cannot be enrolled; the one-line message names the user and the reason. */
export class EnrolmentError extends Error {
  override readonly name = "EnrolmentError";
}

/**
 * Returns each user's name: the given name, or the name in the gallery.
 *
 * @param entries Entries of the gallery
 * @param users Users, in the order of the result
 * @param existing `keep` (the user's old templates stay): a given name must equal the name in the
 * gallery, if the gallery has the user. `replace`: a given name becomes the new name
 * @throws {EnrolmentError} when a user_id or a name is not allowed, or when a name is missing or
 * differs from the name in the gallery
 */
export function nameUsers<User extends UserToName>(
  entries: readonly GalleryEntry[],
  users: readonly User[],
  existing: ExistingTemplates,
): NamedUser<User>[] {
  const names = new Map(entries.map(({ user_id, name }) => [user_id, name]));
  return users.map((user) => {
    const { userId } = user;
    const fault = checkText("user_id", userId) ??
      (user.name === undefined ? undefined : checkText("name", user.name));
    if (fault !== undefined) throw new EnrolmentError(fault);
    const before = names.get(userId);
    const name = user.name?.normalize("NFC") ?? before;
    if (name === undefined) {
      throw new EnrolmentError(`The user "${userId}" is new and needs a name`);
    }
    if (existing === "keep" && before !== undefined && before !== name) {
      throw new EnrolmentError(
        `The user "${userId}" has the name ${JSON.stringify(before)} in the gallery, not "${name}"`,
      );
    }
    return { user, name, before };
  });
}

/** Returns a sentence that says what is wrong with a user_id or a name; undefined if it is good. */
export function checkText(field: "user_id" | "name", text: string): string | undefined {
  if (text.trim() === "") return `The ${field} is empty`;
  if (/\p{Cc}/u.test(text)) return `The ${field} ${JSON.stringify(text)} has control characters`;
  if (text.length > MAX_CHARACTERS) {
    return `The ${field} "${text.slice(0, 32)}…" is longer than ${MAX_CHARACTERS} characters`;
  }
  if (!text.isWellFormed()) return `The ${field} is not a valid Unicode text`;
  if (text.normalize("NFC").length > MAX_CHARACTERS) {
    return `The ${field} "${
      text.slice(0, 32)
    }…" is longer than ${MAX_CHARACTERS} characters in NFC`;
  }
  return undefined;
}
