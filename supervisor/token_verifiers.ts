/** Verifies the tokens of the api's calls to a pod and to the processes in it. */

import type { TokenVerifierOptions } from "../shared/http/worker_token.ts";
import { createTokenVerifier } from "../shared/http/worker_token.ts";

/**
 * Number of audiences whose used tokens are remembered. A process that has ended is found no more, so
 * its tokens need not be remembered for long.
 */
const MAX_AUDIENCES = 200;

/**
 * Makes the function that checks an Authorization header for an audience. Each token is accepted
 * once.
 *
 * @param keys Returns the keys that verify a token
 */
export function createTokenVerifiers(
  keys: TokenVerifierOptions["keys"],
): (name: string, authorization: string | undefined) => Promise<void> {
  const verifiers = new Map<string, ReturnType<typeof createTokenVerifier>>();
  return (name, authorization) => {
    const verify = verifiers.get(name) ?? createTokenVerifier({ keys, workerName: name });
    // The audience that was used last is the last one in the map.
    verifiers.delete(name);
    verifiers.set(name, verify);
    const [oldest] = verifiers.keys();
    if (verifiers.size > MAX_AUDIENCES) verifiers.delete(oldest!);
    return verify(authorization);
  };
}
