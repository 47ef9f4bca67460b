/** Makes names of files safe to print. */

import { INVISIBLE } from "../../shared/safe_log_line.ts";

/**
 * Writes each invisible character as `\u{a}`. In the name of a file, such a character could begin a
 * new line of a report, or move the terminal's cursor.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printable("ann/1\n.jpg"), "ann/1\\u{a}.jpg");
 * ```
 */
export const printable = (text: string): string =>
  text.replaceAll(INVISIBLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
