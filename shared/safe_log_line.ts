/**
 * Makes a log line safe to keep and to show on a terminal. Every line is changed here, so the code
 * that logs needs no checks of its own.
 */

/**
 * A character that is invisible, moves the cursor, changes the direction of the text, or looks like
 * a space. It could forge a log line or hide a part of one.
 */
export const INVISIBLE = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Matches most lines. A line that matches has nothing invisible. */
const PLAIN = /^[ -[\]-~]*$/;
const ESCAPE_OR_INVISIBLE = new RegExp(`\\\\(?:u([0-9a-f]{4})|(.))|${INVISIBLE.source}`, "gui");
/** Escapes of JSON with one letter. All others stand for a visible character. */
const LETTERS: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9 };
const CREDENTIALS = /\b(Bearer|Basic|Digest|Negotiate)\s+[\w.~+/=-]{8,}/gi;
const JSON_WEB_TOKEN = /\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g;
const USER_INFO = /(:\/\/)[^\s"/@]+@/g;
const QUERY = /(\?|%3f)[\w.%~[\]-]+=[^\s"\\]*/gi;
const LONG_RUN = /(?<![\w+/=-])[\w+/=-]{40,}/g;
/** Does not match most lines. A line that does not match has no secret. */
const SUSPECT = /(?<![\w+/=-])[\w+/=-]{40}|[?@]|%3f|eyJ|bearer|basic|digest|negotiate/i;
const HIDDEN = "[hidden]";

/**
 * Returns a line of JSON in which invisible characters are written as `\u{9b}`, and everything that
 * looks like a token, a key, a query or encoded data as `[hidden]`.
 *
 * @param line One line of JSON, with its line feed
 */
export function safeLogLine(line: string): string {
  const text = line.trimEnd();
  return `${hideSecrets(PLAIN.test(text) ? text : showInvisible(text))}\n`;
}

function showInvisible(line: string): string {
  return line.replaceAll(
    ESCAPE_OR_INVISIBLE,
    (text: string, hex?: string, letter?: string) =>
      charactersOf(text, hex, letter)?.replaceAll(INVISIBLE, numberOf) ?? text,
  );
}

/** Returns the characters that a match stands for, undefined for an escape such as `\"`. */
function charactersOf(text: string, hex?: string, letter?: string): string | undefined {
  if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
  if (letter === undefined) return text;
  const code = LETTERS[letter];
  return code === undefined ? undefined : String.fromCharCode(code);
}

const numberOf = (character: string): string => `\\\\u{${character.codePointAt(0)!.toString(16)}}`;

/** Replaces everything that looks like a secret. */
function hideSecrets(text: string): string {
  if (!SUSPECT.test(text)) return text;
  return text
    .replaceAll(CREDENTIALS, `$1 ${HIDDEN}`)
    .replaceAll(JSON_WEB_TOKEN, HIDDEN)
    .replaceAll(USER_INFO, `$1${HIDDEN}@`)
    .replaceAll(QUERY, `$1${HIDDEN}`)
    .replaceAll(LONG_RUN, (run) => isEncoded(run) ? HIDDEN : run);
}

/**
 * True for base64 and the like: small and capital letters and digits without a word between them.
 * False for a hash in hexadecimal digits, for the name of a pod and for the path of a file.
 */
function isEncoded(run: string): boolean {
  const parts = run.split("/");
  return /[a-z]/.test(run) && /[A-Z]/.test(run) && /[0-9]/.test(run) &&
    run.length / parts.length >= 24;
}
