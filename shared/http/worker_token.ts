/**
 * Signs and verifies worker tokens. A token proves to a worker that a call comes from the api. It is
 * a JWT with EdDSA (Ed25519), contains the name of one worker, and is valid for one call. The api
 * holds the private keys. A worker has only the public ones, so it cannot call another worker.
 * Tokens are needed because some clusters do not enforce NetworkPolicies.
 */

import { errors, jwtVerify, type JWTVerifyResult, SignJWT } from "jose";
import { z } from "zod";
import { Problem } from "../contract/problem.ts";
import type { SigningKeys, VerifyingKeys } from "./token_keys.ts";

/** A token is valid for this time. It is verified before the picture is read. */
export const LIFETIME_SECONDS = 10;
/** The clocks of the api and of a worker may differ by this time, in both directions. */
export const CLOCK_TOLERANCE_SECONDS = 90;
/** A token for the longest worker name is shorter. */
const MAX_TOKEN_CHARS = 2048;
/** A token that is accepted now is no longer accepted after this time. */
const REMEMBERED_MS = (LIFETIME_SECONDS + 2 * CLOCK_TOLERANCE_SECONDS + 1) * 1000;
/** Limit on the tokens that a worker remembers: more than it can serve in that time. */
const MAX_REMEMBERED = 20_000;
const ALGORITHM = "EdDSA";

const ClaimsSchema = z.strictObject({
  aud: z.string(),
  iat: z.int(),
  exp: z.int(),
  /** 128 random bits in base64url. */
  jti: z.string().regex(/^[\w-]{22}$/),
});

/** Signs a token for one call to the worker with that name. */
export function signWorkerToken(
  keys: SigningKeys,
  workerName: string,
  nowMs: number = Date.now(),
): Promise<string> {
  const [{ id, key }] = keys;
  const now = Math.floor(nowMs / 1000);
  const jti = crypto.getRandomValues(new Uint8Array(16))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  return new SignJWT({ aud: workerName, iat: now, exp: now + LIFETIME_SECONDS, jti })
    .setProtectedHeader({ alg: ALGORITHM, kid: id })
    .sign(key);
}

/** Reason for which a worker refuses a token. The worker logs it; the api does not get it. */
export type TokenFault =
  | "missing"
  | "malformed"
  | "unknown key"
  | "wrong signature"
  | "for another worker"
  | "expired, or the clocks differ"
  | "used before"
  | "too many tokens";

/** Options of {@linkcode createTokenVerifier}. */
export interface TokenVerifierOptions {
  /** Returns the keys that verify a token. Gets the id of the token's key, which can be unknown. */
  readonly keys: (id: string) => VerifyingKeys | Promise<VerifyingKeys>;
  /** A token is accepted only when its audience is this name. */
  readonly workerName: string;
  /** Returns the milliseconds since 1970 of this machine's clock. */
  readonly clock?: () => number;
}

/**
 * Makes the function that checks Authorization headers. The function accepts each token once.
 *
 * @returns A function that throws a {@linkcode Problem} `unauthorized`, unless the header has a valid
 * token for this worker that was not used before
 */
export function createTokenVerifier(
  { keys, workerName, clock = Date.now }: TokenVerifierOptions,
): (authorization: string | undefined) => Promise<void> {
  /** Ids of accepted tokens, in the order of acceptance, with the time at which each is forgotten. */
  const seen = new Map<string, number>();

  async function check(authorization: string | undefined): Promise<TokenFault | undefined> {
    if (authorization === undefined || authorization === "") return "missing";
    const [, token] = authorization.length > MAX_TOKEN_CHARS
      ? []
      : /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization) ?? [];
    if (token === undefined) return "malformed";
    const nowMs = clock();
    const verified = await verify(token, nowMs);
    if (typeof verified === "string") return verified;
    const { jti } = verified;
    for (const [id, untilMs] of seen) {
      if (untilMs > nowMs) break;
      seen.delete(id);
    }
    if (seen.has(jti)) return "used before";
    if (seen.size >= MAX_REMEMBERED) return "too many tokens";
    seen.set(jti, nowMs + REMEMBERED_MS);
    return undefined;
  }

  async function verify(token: string, nowMs: number) {
    let result: JWTVerifyResult;
    try {
      result = await jwtVerify(token, async ({ kid = "" }) => {
        const key = (await keys(kid)).get(kid);
        if (key === undefined) throw new UnknownKey();
        return key;
      }, {
        algorithms: [ALGORITHM],
        audience: workerName,
        requiredClaims: ["exp", "iat", "jti"],
        maxTokenAge: LIFETIME_SECONDS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(nowMs),
      });
    } catch (error) {
      return faultOf(error);
    }
    const claims = ClaimsSchema.safeParse(result.payload);
    return claims.success ? claims.data : "malformed" as const;
  }

  return async (authorization) => {
    const fault = await check(authorization);
    if (fault === undefined) return;
    throw new Problem("unauthorized", "The request has no valid token for this worker", {
      cause: new Error(`The token is not accepted: ${fault}`),
    });
  };
}

/** Error for a token whose key the worker does not have. */
class UnknownKey extends Error {
  override readonly name = "UnknownKey";
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof UnknownKey) return "unknown key";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "wrong signature";
  if (error instanceof errors.JWTExpired) return "expired, or the clocks differ";
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === "check_failed") {
    if (error.claim === "aud") return "for another worker";
    if (error.claim === "iat") return "expired, or the clocks differ";
  }
  if (error instanceof errors.JOSEError) return "malformed";
  throw error;
}
