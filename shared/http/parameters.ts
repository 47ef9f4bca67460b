/** Reads the parameters of a header: `; name=value; name="value"`. */

const TOKEN = "[!#$%&'*+.^`|~\\w-]+";
/** A quoted string. In it, a backslash stands before a character that is meant literally. */
const QUOTED = '"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|${QUOTED}))?`, "y");

/**
 * Returns the parameters, with their names in lower case. The work is linear in the length of the
 * text. Callers limit the length.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseParameters('; name="a\\"b"; Q=1')?.get("name"), 'a"b');
 * assertEquals(parseParameters("; name=a; name=b"), undefined);
 * ```
 *
 * @param text The part of the header that begins with the first semicolon
 * @returns undefined when the text is malformed, or has a parameter twice
 */
export function parseParameters(text: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  const end = text.trimEnd().length;
  for (let at = 0; at < end;) {
    PARAMETER.lastIndex = at;
    const [all, name, value] = PARAMETER.exec(text) ?? [];
    if (all === undefined) return undefined;
    at += all.length;
    if (name === undefined) continue;
    const key = name.toLowerCase();
    if (parameters.has(key)) return undefined;
    parameters.set(key, value!.startsWith('"') ? unquote(value!) : value!);
  }
  return parameters;
}

const unquote = (text: string): string => text.slice(1, -1).replaceAll(/\\(.)/gs, "$1");
