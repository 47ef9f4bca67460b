/** Gets the public keys of the issuer of tokens. */

import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from "jose";

/** Error for an issuer whose keys cannot be read. */
export class IssuerUnavailable extends Error {
  override readonly name = "IssuerUnavailable";
}

const TIMEOUT_MS = 3000;
/** Keys are read again after this time. Until then, a key that the issuer has withdrawn counts. */
const CACHE_MS = 10 * 60 * 1000;
/** Unknown keys do not make the service read the issuer's keys more often than this. */
const COOLDOWN_MS = 30_000;
/** Time without a request to the issuer after one that failed. */
export const FAILURE_PAUSE_SECONDS = 5;
const MAX_BYTES = 64 * 1024;

/** Services that {@linkcode createIssuerKeys} uses. */
export interface IssuerKeysOptions {
  readonly url: URL;
  readonly fetch: FetchImplementation;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * Makes a function that finds the key of a token. It reads the issuer's keys when the first token
 * arrives.
 *
 * @returns A function that throws {@linkcode IssuerUnavailable} when the keys cannot be read, and
 * jose's errors for a token without a key
 */
export function createIssuerKeys({ url, fetch, now }: IssuerKeysOptions): JWTVerifyGetKey {
  let pausedUntil = 0;
  const bounded: FetchImplementation = async (target, options) => {
    if (now() < pausedUntil) throw new IssuerUnavailable("The last request failed");
    try {
      const response = await fetch(target, options);
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new Error(`The issuer answered ${response.status}`);
      }
      return new Response(await readBounded(response), { headers: response.headers });
    } catch (error) {
      pausedUntil = now() + FAILURE_PAUSE_SECONDS * 1000;
      throw error;
    }
  };
  const find = createRemoteJWKSet(url, {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: CACHE_MS,
    [customFetch]: bounded,
  });
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (cause) {
      if (isAboutToken(cause)) throw cause;
      throw new IssuerUnavailable("The keys of the issuer cannot be read", { cause });
    }
  };
}

function isAboutToken(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported;
}

async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(MAX_BYTES);
  let length = 0;
  for await (const piece of response.body ?? []) {
    if (length + piece.length > MAX_BYTES) throw new Error(`The keys have over ${MAX_BYTES} bytes`);
    bytes.set(piece, length);
    length += piece.length;
  }
  return bytes.subarray(0, length);
}
