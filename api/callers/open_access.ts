/** Reads the keys file, if there is one, and makes what decides about callers. */

import { delay } from "../../shared/backoff.ts";
import type { Logger } from "../../shared/log.ts";
import type { AccessConfig } from "../config.ts";
import { followKeysFile, readKeysFile } from "./api_keys/follow_keys_file.ts";
import type { Access } from "./check_scopes.ts";
import { trustNetworks } from "./client_address.ts";
import { createIdentifyCaller, scopesWithoutKey } from "./identify_caller.ts";
import { createRates } from "./rates.ts";

/**
 * Follows the keys file until the signal aborts.
 *
 * @throws {ConfigError} when the keys file is broken or cannot be read
 */
export async function openAccess(
  { keysPath, ...config }: AccessConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Access> {
  const keys = keysPath === undefined
    ? undefined
    : await followKeysFile({ read: () => readKeysFile(keysPath), log, delay }, signal);
  const openness = scopesWithoutKey({ ...config, hasKeys: keys !== undefined });
  if (keys !== undefined) log.info({ keys: keys().size }, "callers need a key");
  if (config.allowAnonymous) log.warn("everybody may call POST /authenticate: ALLOW_ANONYMOUS");
  return {
    identify: createIdentifyCaller({ keys, nowMs: Date.now, ...openness }),
    withoutKey: openness.local,
    rates: createRates(config.requestsPerAddress),
    isTrustedProxy: trustNetworks(config.trustedProxies),
  };
}
