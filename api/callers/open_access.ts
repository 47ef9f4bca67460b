/** Reads the keys file, if there is one, and makes the services that decide about callers. */

import { delay } from "../../shared/backoff.ts";
import type { Logger } from "../../shared/log.ts";
import type { AccessConfig } from "../config.ts";
import { followKeysFile, readKeysFile } from "./api_keys/follow_keys_file.ts";
import type { Access } from "./check_scopes.ts";
import { trustNetworks } from "./client_address.ts";
import { createIdentifyCaller, scopesWithoutKey } from "./identify_caller.ts";
import { createRates } from "./rates.ts";
import { createIdentifyByToken } from "./tokens/identify_by_token.ts";
import { createIssuerKeys } from "./tokens/issuer_keys.ts";

/**
 * Follows the keys file until the signal aborts.
 *
 * @throws {ConfigError} when the keys file is broken or cannot be read
 */
export async function openAccess(
  { keysPath, tokens, judgesLiveness, ...config }: AccessConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Access> {
  const keys = keysPath === undefined ? undefined : await followKeysFile(
    { read: () => readKeysFile(keysPath), log, delay, judgesLiveness },
    signal,
  );
  const now = () => performance.now();
  const byToken = tokens && createIdentifyByToken({
    config: tokens,
    keys: createIssuerKeys({ url: tokens.keysUrl, fetch, now }),
    nowMs: Date.now,
  });
  const openness = scopesWithoutKey({ ...config, hasKeys: (keys ?? byToken) !== undefined });
  if ((keys ?? byToken) !== undefined) {
    log.info({ keys: keys?.().size, issuer: tokens?.issuer }, "callers need a key");
  }
  if (config.allowAnonymous) log.warn("everybody may call POST /authenticate: ALLOW_ANONYMOUS");
  return {
    identify: createIdentifyCaller({ keys, byToken, nowMs: Date.now, ...openness }),
    withoutKey: openness.local,
    rates: createRates(config.requestsPerAddress),
    isTrustedProxy: trustNetworks(config.trustedProxies),
  };
}
