/** Decides under which name each user is enrolled, and which are allowed. */

import type { GalleryEntry } from "../../gallery/gallery_entry.ts";
import type { Earlier } from "./merge_templates.ts";

const MAX_CHARACTERS = 256;

/** A user who may be in the gallery already. */
export interface UserToName {
  readonly userId: string;
  /** undefined: the one that the gallery has. */
  readonly name: string | undefined;
}

/** A user with the name that the user will have. */
export interface NamedUser<User extends UserToName> {
  readonly user: User;
  readonly name: string;
  /** The name in the gallery, of a user who is in it. */
  readonly before: string | undefined;
}

/** A user whose name changes. */
export interface Renaming {
  readonly userId: string;
  readonly before: string;
  readonly name: string;
}

/** People who cannot be enrolled as asked; the one-line message says whom and why. */
export class EnrolmentError extends Error {
  /** Always "EnrolmentError". */
  override readonly name = "EnrolmentError";
}

/**
 * Names users: as told, or as the gallery does.
 *
 * @param entries What the gallery holds
 * @param users In the order of the result
 * @param earlier `keep`: a name must agree with the one in the gallery
 * @throws {EnrolmentError} when a user_id or name is not allowed, or a name is missing or disagrees
 */
export function nameUsers<User extends UserToName>(
  entries: readonly GalleryEntry[],
  users: readonly User[],
  earlier: Earlier,
): NamedUser<User>[] {
  const names = new Map(entries.map(({ user_id, name }) => [user_id, name]));
  return users.map((user) => {
    const { userId } = user;
    const fault = textFault("user_id", userId) ??
      (user.name === undefined ? undefined : textFault("name", user.name));
    if (fault !== undefined) throw new EnrolmentError(fault);
    const before = names.get(userId);
    const name = user.name ?? before;
    if (name === undefined) {
      throw new EnrolmentError(`The user "${userId}" is new and needs a name`);
    }
    if (earlier === "keep" && before !== undefined && before !== name) {
      throw new EnrolmentError(
        `The user "${userId}" has the name ${JSON.stringify(before)} in the gallery, not "${name}"`,
      );
    }
    return { user, name, before };
  });
}

/** What is wrong with a user_id or a name, in a sentence; undefined when nothing is. */
export function textFault(what: "user_id" | "name", text: string): string | undefined {
  if (text.trim() === "") return `The ${what} is empty`;
  if (/\p{Cc}/u.test(text)) return `The ${what} ${JSON.stringify(text)} has control characters`;
  if (text.length > MAX_CHARACTERS) {
    return `The ${what} "${text.slice(0, 32)}…" is longer than ${MAX_CHARACTERS} characters`;
  }
  return undefined;
}
