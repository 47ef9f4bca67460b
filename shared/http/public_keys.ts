/** The public keys that verify the tokens of calls. They are read again when a new key appears. */

import { readTokenKeys, type TokenKeyLocation } from "./token_key_location.ts";
import { parsePublicKeys, type VerifyingKeys } from "./token_keys.ts";
import { describeError, type Logger } from "../log.ts";

/** Services that {@linkcode openPublicKeys} uses. */
export interface PublicKeysOptions {
  readonly log: Pick<Logger, "info" | "error">;
  /** Returns milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** False when this process can open no more files: the keys then stay as they are. */
  readonly canRead?: () => boolean;
}

/** Least time between two reads of the file. Any caller can name an unknown key, at any rate. */
const MIN_AGE_MS = 2000;

/**
 * Reads the keys.
 *
 * @returns A function that returns the current keys. When it gets the id of an unknown key, it first
 * reads the file again, at most every two seconds. When the file is bad or missing, the last good
 * keys stay in use
 * @throws {ConfigError} when the first keys are bad or cannot be read
 */
export async function openPublicKeys(
  location: TokenKeyLocation,
  { log, now, canRead = () => true }: PublicKeysOptions,
): Promise<(id: string) => VerifyingKeys | Promise<VerifyingKeys>> {
  let text = await readTokenKeys(location);
  let keys = parsePublicKeys(text);
  let readAt = now();

  async function readAgain() {
    readAt = now();
    try {
      const latest = await readTokenKeys(location);
      if (latest === text) return keys;
      keys = parsePublicKeys(latest);
      text = latest;
      log.info({ keys: keys.size }, "token keys changed");
    } catch (error) {
      log.error({ error: describeError(error) }, "token keys not read");
    }
    return keys;
  }

  return (id) => {
    const staysAsItIs = keys.has(id) || "text" in location || !canRead() ||
      now() - readAt < MIN_AGE_MS;
    return staysAsItIs ? keys : readAgain();
  };
}
