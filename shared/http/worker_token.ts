/**
 * Signs and verifies worker tokens. A token proves to a worker that a request comes from the api.
 * It is a JWT with HS256, contains the name of one worker, and is valid for 30 seconds. Tokens are
 * needed because some clusters do not enforce NetworkPolicies.
 */

import { errors, jwtVerify, SignJWT } from "jose";
import { ConfigError } from "../env.ts";
import { Problem } from "../contract/problem.ts";

const LIFETIME_SECONDS = 30;
const CLOCK_TOLERANCE_SECONDS = 5;
const MIN_KEY_BYTES = 32;

/** One or more secret keys. The first key signs. All keys verify, so that keys can be replaced. */
export type TokenKeys = readonly [Uint8Array, ...Uint8Array[]];

/**
 * Reads keys from text: one key on each line, each at least 32 bytes long.
 *
 * @throws {ConfigError} when there is no key, or a key is too short
 */
export function parseTokenKeys(text: string): TokenKeys {
  const [first, ...others] = text.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => new TextEncoder().encode(line));
  if (first === undefined) throw new ConfigError("Worker token keys: there is no key");
  for (const key of [first, ...others]) {
    if (key.byteLength < MIN_KEY_BYTES) {
      throw new ConfigError(`Worker token keys: a key is shorter than ${MIN_KEY_BYTES} bytes`);
    }
  }
  return [first, ...others];
}

/** Makes a random key, in the form that {@linkcode parseTokenKeys} reads. */
export function randomTokenKey(): string {
  return crypto.getRandomValues(new Uint8Array(MIN_KEY_BYTES)).toHex();
}

/** Signs a token for the worker with that name. */
export function signWorkerToken(keys: TokenKeys, workerName: string): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256" })
    .setAudience(workerName)
    .setIssuedAt()
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(keys[0]);
}

/**
 * Checks an Authorization header.
 *
 * @throws {Problem} `unauthorized` unless the header has a valid token for this worker
 */
export async function verifyWorkerToken(
  keys: TokenKeys,
  workerName: string,
  authorization: string | undefined,
): Promise<void> {
  const [, token] = /^Bearer ([\w.-]+)$/.exec(authorization ?? "") ?? [];
  if (token !== undefined) {
    for (const key of keys) {
      if (await isValid(token, key, workerName)) return;
    }
  }
  throw new Problem("unauthorized", "The request has no valid token for this worker");
}

async function isValid(token: string, key: Uint8Array, audience: string): Promise<boolean> {
  try {
    await jwtVerify(token, key, {
      algorithms: ["HS256"],
      audience,
      requiredClaims: ["exp", "iat"],
      maxTokenAge: LIFETIME_SECONDS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
