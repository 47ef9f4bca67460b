/** Refuses requests that are too many, and tells clients about their limits. */

import type { Context } from "hono";
import { Problem } from "../../shared/contract/problem.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { type Quota, WINDOW_SECONDS } from "./rates.ts";

/**
 * Adds the limits to the response, in the headers of draft-ietf-httpapi-ratelimit-headers-10.
 *
 * @param quotas The limits that the request was counted in
 * @throws {Problem} `too_many_requests` when the request is one too many for the last of them
 */
export function enforceRates(c: Context<ServiceEnv>, quotas: readonly Quota[]): void {
  const list = (of: (quota: Quota) => string) =>
    quotas.map((quota) => `"${quota.policy}"${of(quota)}`).join(", ");
  c.header("RateLimit-Policy", list(({ limit }) => `;q=${limit};w=${WINDOW_SECONDS}`));
  c.header("RateLimit", list(({ remaining, resetSeconds }) => `;r=${remaining};t=${resetSeconds}`));
  const last = quotas.at(-1);
  if (!last?.exceeded) return;
  const who = last.policy === "key" ? "The key" : "A client address";
  throw new Problem("too_many_requests", `${who} may send ${last.limit} requests a minute`, {
    retryAfterSeconds: last.resetSeconds,
  });
}
