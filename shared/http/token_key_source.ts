/** Where a service finds the keys of worker tokens: a file, or a variable. */

import { ConfigError } from "../env.ts";
import { describeError } from "../log.ts";

/**
 * Chooses between WORKER_TOKEN_KEYS_PATH and WORKER_TOKEN_KEYS.
 *
 * @returns Reads the keys, one a line; throws {@linkcode ConfigError} when the file cannot be read
 * @throws {ConfigError} when neither is set, or both
 */
export function tokenKeySource(
  path: string | undefined,
  inline: string | undefined,
): () => Promise<string> {
  if ((path === undefined) === (inline === undefined)) {
    throw new ConfigError(
      "Bad environment: one of WORKER_TOKEN_KEYS_PATH and WORKER_TOKEN_KEYS must be set",
    );
  }
  if (path === undefined) return () => Promise.resolve(inline!);
  return async () => {
    try {
      return await Deno.readTextFile(path);
    } catch (cause) {
      throw new ConfigError(
        `Bad environment: WORKER_TOKEN_KEYS_PATH: ${path} cannot be read (${describeError(cause)})`,
        { cause },
      );
    }
  };
}
