/**
 * Signs and verifies worker tokens. A token contains the name of one worker, so no other worker
 * accepts it. A worker has only public keys, so it cannot call another worker. Tokens are needed
 * because some clusters do not enforce NetworkPolicies.
 */

import { createCallVerifier, signCall } from "./call_token.ts";
import type { SigningKeys, VerifyingKeys } from "./token_keys.ts";

/** A token for the longest worker name is shorter. */
const MAX_TOKEN_CHARS = 2048;
/** Limit on the tokens that a worker remembers: more than it can serve while they are valid. */
const MAX_REMEMBERED = 20_000;

/** Signs a token for one call to the worker with that name. */
export function signWorkerToken(
  keys: SigningKeys,
  workerName: string,
  nowMs: number = Date.now(),
): string {
  return signCall(keys, workerName, {}, nowMs);
}

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
  const verify = createCallVerifier({
    keys,
    audience: workerName,
    claims: {},
    maxTokenChars: MAX_TOKEN_CHARS,
    maxRemembered: MAX_REMEMBERED,
    detail: "The request has no valid token for this worker",
    clock,
  });
  return async (authorization) => void await verify(authorization);
}
