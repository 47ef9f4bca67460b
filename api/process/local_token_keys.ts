/** The keys that sign the calls to processes on this machine. */

import { readTokenKeys, type TokenKeyLocation } from "../../shared/http/token_key_location.ts";
import {
  makePrivateKey,
  parsePrivateKeys,
  type SigningKeys,
} from "../../shared/http/token_keys.ts";

/**
 * Reads the keys, or makes one. The processes that the api starts end with the api, so every start
 * can use a new key. The private half stays in this process.
 *
 * @param location Place of the keys; undefined: makes a key
 * @throws {ConfigError} when the keys cannot be read or are bad
 */
export async function openLocalTokenKeys(
  location: TokenKeyLocation | undefined,
): Promise<SigningKeys> {
  return parsePrivateKeys(
    location === undefined ? makePrivateKey() : await readTokenKeys(location),
  );
}
