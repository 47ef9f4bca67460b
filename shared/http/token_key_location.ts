/** Finds the keys of worker tokens: in a file, or in a variable. */

import { ConfigError } from "../env.ts";
import { describeError } from "../log.ts";
import { MAX_KEY_FILE_BYTES } from "./token_keys.ts";

/** Place of the keys: the path of a file, or the text itself. */
export type TokenKeyLocation = { readonly path: string } | { readonly text: string };

/**
 * Chooses between the two settings NAME_PATH and NAME.
 *
 * @param name Name of the setting with the text
 * @throws {ConfigError} unless exactly one of the two is set
 */
export function tokenKeyLocation(
  name: string,
  path: string | undefined,
  text: string | undefined,
): TokenKeyLocation {
  if (path !== undefined && text === undefined) return { path };
  if (path === undefined && text !== undefined) return { text };
  throw new ConfigError(`Bad environment: exactly one of ${name}_PATH and ${name} must be set`);
}

/**
 * Reads the keys as text. Stops soon after {@linkcode MAX_KEY_FILE_BYTES}: the parser then refuses
 * the text.
 *
 * @throws {ConfigError} when the file cannot be read
 */
export async function readTokenKeys(location: TokenKeyLocation): Promise<string> {
  if ("text" in location) return location.text;
  try {
    using file = await Deno.open(location.path);
    const bytes = new Uint8Array(MAX_KEY_FILE_BYTES + 1);
    let size = 0;
    for (;;) {
      const read = await file.read(bytes.subarray(size));
      if (!read) break;
      size += read;
    }
    return new TextDecoder().decode(bytes.subarray(0, size));
  } catch (cause) {
    throw new ConfigError(
      `Bad environment: the token keys ${location.path} cannot be read ` +
        `(${describeError(cause)})`,
      { cause },
    );
  }
}
