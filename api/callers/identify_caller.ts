/** Finds out who sends a request: by its key, or as a caller without a key where that is allowed. */

import { Problem } from "../../shared/contract/problem.ts";
import { isSameHash, KEY_PREFIX, parseApiKey } from "./api_keys/api_key.ts";
import type { ApiKeys } from "./api_keys/keys_file.ts";
import { type Caller, callerWithoutKey, type Scope, SCOPES } from "./scopes.ts";
import type { IdentifyByToken } from "./tokens/identify_by_token.ts";

/** Settings and services of {@linkcode createIdentifyCaller}. */
export interface IdentifyOptions {
  /** Returns the current keys. undefined: no keys file is configured. */
  readonly keys?: (() => ApiKeys) | undefined;
  /** Identifies callers by tokens. undefined: no issuer is configured. */
  readonly byToken?: IdentifyByToken | undefined;
  /** Scopes of callers on this machine that send no key. */
  readonly local: readonly Scope[];
  /** Scopes of all callers that send no key. */
  readonly anonymous: readonly Scope[];
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/**
 * Returns the caller of a request. Looks only at the headers.
 *
 * @throws {Problem} `unauthorized`, or `issuer_unavailable`
 */
export type IdentifyCaller = (request: Request) => Caller | Promise<Caller>;

/** A Bearer token in an Authorization header (RFC 6750). Two headers are joined by a comma. */
const BEARER = /^bearer +([\w.~+/=-]{1,8192})$/i;
/** Compared with the hash of an unknown key, so that the time does not show if an id exists. */
const NO_HASH = new Uint8Array(32);

const ONLY_LOCAL = "Without keys, the service is open only to programs on its own machine, and a " +
  "proxy has forwarded this request. Its operator can set API_KEYS_PATH";

const NO_KEYS: ApiKeys = new Map();

/** Settings of the operator that decide which callers need no key. */
export interface OpennessOptions {
  /** True when the service listens on a loopback address. */
  readonly isLoopback: boolean;
  /** True when the service knows keys, or an issuer of tokens. */
  readonly hasKeys: boolean;
  readonly allowAnonymous: boolean;
}

/** Returns the scopes of callers that send no key. */
export function scopesWithoutKey(
  { isLoopback, hasKeys, allowAnonymous }: OpennessOptions,
): Pick<IdentifyOptions, "local" | "anonymous"> {
  const anonymous: readonly Scope[] = allowAnonymous ? ["verify", "authenticate"] : [];
  return { local: isLoopback && !hasKeys ? SCOPES : anonymous, anonymous };
}

/** Makes a function that identifies callers. */
export function createIdentifyCaller(
  { keys, byToken, local, anonymous, nowMs }: IdentifyOptions,
): IdentifyCaller {
  const localCaller = callerWithoutKey(local), anonymousCaller = callerWithoutKey(anonymous);

  return ({ headers }) => {
    const authorization = headers.get("Authorization");
    // Without keys and tokens, the header is for a proxy in front of the service.
    if (authorization === null || keys === undefined && byToken === undefined) {
      if (!isForwarded(headers)) return localCaller;
      if (local.length > 0 && anonymous.length === 0) throw unauthorized(ONLY_LOCAL);
      return anonymousCaller;
    }
    const [, token] = BEARER.exec(authorization) ?? [];
    if (token === undefined) {
      throw unauthorized("The Authorization header must be: Bearer, a space, and one key");
    }
    if (byToken !== undefined && !token.startsWith(KEY_PREFIX)) return byToken(token);
    return callerOfKey(token, keys?.() ?? NO_KEYS, nowMs());
  };
}

/** Headers of proxies, apart from X-Forwarded-*. Via: RFC 9110. X-Real-IP: common with nginx. */
const PROXY_HEADERS: ReadonlySet<string> = new Set(["forwarded", "via", "x-real-ip"]);

/** True when a proxy has added a header. The caller may then be on another machine. */
function isForwarded(headers: Headers): boolean {
  return [...headers.keys()].some((name) =>
    PROXY_HEADERS.has(name) || name.startsWith("x-forwarded-")
  );
}

function callerOfKey(token: string, keys: ApiKeys, nowMs: number): Caller {
  const presented = parseApiKey(token);
  const entry = presented && keys.get(presented.id);
  const isKnown = isSameHash(presented?.hash ?? NO_HASH, entry?.sha256 ?? NO_HASH);
  if (!isKnown || entry === undefined) throw unauthorized("The key is not known");
  if (entry.expires !== undefined && entry.expires <= nowMs) {
    throw unauthorized("The key has expired");
  }
  return {
    id: entry.id,
    scopes: new Set(entry.scopes),
    collection: entry.collection,
    ratePerMinute: entry.rate_per_minute,
    policy: { liveness: entry.liveness, quality: entry.quality },
  };
}

const unauthorized = (detail: string) => new Problem("unauthorized", detail);
