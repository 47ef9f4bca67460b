/** The form of the ids and names of users. */

/** Greatest length of a user_id or name in UTF-16 code units, before and after it is normalised. */
export const MAX_USER_TEXT_LENGTH = 256;

/**
 * A text without control characters. Written without `\\p{Cc}`, because /openapi.json contains the
 * pattern, and not all programs that read it know Unicode's classes.
 */
// deno-lint-ignore no-control-regex -- the pattern must find control characters
export const NO_CONTROL_CHARACTERS = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/**
 * True for a user_id or a name that may reach clients and their screens: not empty, not too long,
 * valid Unicode, and without control characters.
 */
export function isUserText(text: string): boolean {
  return text !== "" && text.length <= MAX_USER_TEXT_LENGTH && text.isWellFormed() &&
    NO_CONTROL_CHARACTERS.test(text);
}

/**
 * Returns a user_id in Unicode's form NFC, so that two spellings of the same characters are equal.
 * macOS writes "é" in the names of folders as "e" with a combining accent; keyboards write one
 * character.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(normalizeUserId("Rene\u0301"), "Ren\u00e9");
 * assertEquals(normalizeUserId("a\nb"), undefined);
 * ```
 *
 * @returns The user_id; undefined when it is empty or too long, has a control character, or has
 * half a surrogate pair. Half a pair has no UTF-8: in a URL it would become another user_id
 */
export function normalizeUserId(text: string): string | undefined {
  if (!isUserText(text)) return undefined;
  const normalized = text.normalize("NFC");
  // A few characters become two or three in NFC.
  return normalized.length <= MAX_USER_TEXT_LENGTH ? normalized : undefined;
}
