/** Finds the keys of worker tokens: in a file, or in a variable. */

import { ConfigError } from "../env.ts";
import { describeError } from "../log.ts";

/** Place of the keys: the path of a file, or the text itself. */
export type TokenKeyLocation = { readonly path: string } | { readonly text: string };

/**
 * Chooses between WORKER_TOKEN_KEYS_PATH and WORKER_TOKEN_KEYS.
 *
 * @throws {ConfigError} unless exactly one of the two is set
 */
export function tokenKeyLocation(
  path: string | undefined,
  text: string | undefined,
): TokenKeyLocation {
  if (path !== undefined && text === undefined) return { path };
  if (path === undefined && text !== undefined) return { text };
  throw new ConfigError(
    "Bad environment: exactly one of WORKER_TOKEN_KEYS_PATH and WORKER_TOKEN_KEYS must be set",
  );
}

/**
 * Reads the keys as text: one key on each line.
 *
 * @throws {ConfigError} when the file cannot be read
 */
export async function readTokenKeys(location: TokenKeyLocation): Promise<string> {
  if ("text" in location) return location.text;
  try {
    return await Deno.readTextFile(location.path);
  } catch (cause) {
    throw new ConfigError(
      `Bad environment: WORKER_TOKEN_KEYS_PATH: ${location.path} cannot be read ` +
        `(${describeError(cause)})`,
      { cause },
    );
  }
}
