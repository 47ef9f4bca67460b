/** Makes errors that name something of a request: a parameter, a field or a part. */

import { Problem } from "../contract/problem.ts";

const MAX_SHOWN = 40;

/**
 * Returns the error for a name that a route does not have.
 *
 * @param kind Kind of the name, such as "query parameter"
 * @param known All names of this kind that the route has
 */
export function unknownName(kind: string, name: string, known: readonly string[]): Problem {
  const advice = known.length === 0
    ? `this path has no ${kind}s`
    : `use ${known.map((one) => `"${one}"`).join(" or ")}`;
  return new Problem("invalid_request", `Unknown ${kind} ${quote(name)}; ${advice}`);
}

/** Returns the error for a name that a request has twice. */
export function repeatedName(kind: string, name: string): Problem {
  return new Problem("invalid_request", `The ${kind} ${quote(name)} is given more than once`);
}

/**
 * Quotes a text of a client for an error: at most 40 characters, without control characters.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quote("user\u202eid\n"), '"user?id?"');
 * ```
 */
export function quote(text: string): string {
  const start = [...text.slice(0, 2 * MAX_SHOWN)].slice(0, MAX_SHOWN).join("");
  const shown = start.replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, "?").replaceAll('"', "'");
  return `"${shown}${start.length < text.length ? "…" : ""}"`;
}
