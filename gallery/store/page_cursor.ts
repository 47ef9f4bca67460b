/** The opaque texts that ask for the next page of a list of users. */

import { isUserText } from "../../shared/contract/user_text.ts";
import { BadCursor } from "./store.ts";

/** Begins the text inside a cursor: the kind of list and the version of the format. */
const PREFIX = "users 1 ";

/** Makes the cursor of the page after a user. */
export function encodeCursor(userId: string): string {
  const bytes = new TextEncoder().encode(PREFIX + userId);
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Returns the user_id that a cursor was made of.
 *
 * @throws {BadCursor} when {@linkcode encodeCursor} does not make such a cursor of a user_id
 */
export function decodeCursor(cursor: string): string {
  let text: string;
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BadCursor("The cursor is not one of a list of users");
  }
  const userId = text.slice(PREFIX.length);
  // Clients can make cursors, too. No text that a database refuses may reach it.
  if (!text.startsWith(PREFIX) || encodeCursor(userId) !== cursor || !isUserText(userId)) {
    throw new BadCursor("The cursor is not one of a list of users");
  }
  return userId;
}
