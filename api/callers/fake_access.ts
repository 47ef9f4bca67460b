/** Decides who may call, in tests. */

import { makeApiKey } from "./api_keys/api_key.ts";
import { type KeyEntry, parseKeysFile } from "./api_keys/keys_file.ts";
import type { Access } from "./check_scopes.ts";
import { createIdentifyCaller, type OpennessOptions, scopesWithoutKey } from "./identify_caller.ts";
import { createRates } from "./rates.ts";
import { trustNetworks } from "./client_address.ts";
import type { Scope } from "./scopes.ts";
import type { IdentifyByToken } from "./tokens/identify_by_token.ts";

/** Lets every caller do everything, like a service on a loopback address without keys. */
export function openAccess(): Access {
  return fakeAccess({ isLoopback: true });
}

/** Options of {@linkcode fakeAccess}. */
export interface FakeAccessOptions extends Partial<Omit<OpennessOptions, "hasKeys">> {
  /** Entries of the keys file. undefined: there is no keys file. */
  readonly keys?: readonly KeyEntry[];
  readonly byToken?: IdentifyByToken;
  readonly nowMs?: () => number;
  readonly addressPerMinute?: number;
  readonly trustedProxies?: readonly string[];
}

/** Decides as the service does with the same settings. By default, nobody may call. */
export function fakeAccess(
  { keys, byToken, nowMs = () => 0, isLoopback = false, allowAnonymous = false, ...options }:
    FakeAccessOptions = {},
): Access {
  const openness = scopesWithoutKey({
    isLoopback,
    allowAnonymous,
    hasKeys: (keys ?? byToken) !== undefined,
  });
  const byId = keys && new Map(keys.map((entry) => [entry.id, entry]));
  return {
    identify: createIdentifyCaller({ keys: byId && (() => byId), byToken, nowMs, ...openness }),
    withoutKey: openness.local,
    rates: createRates(options.addressPerMinute),
    isTrustedProxy: trustNetworks(options.trustedProxies ?? []),
  };
}

/** Makes a key and its entry. */
export function fakeKey(
  scopes: readonly Scope[],
  fields: Readonly<Record<string, unknown>> = {},
): { text: string; entry: KeyEntry } {
  const { id, text, sha256 } = makeApiKey();
  const keys = parseKeysFile(JSON.stringify({
    keys: [{ id, name: "test", sha256, scopes, ...fields }],
  }));
  return { text, entry: keys.get(id)! };
}
