/** Reads the query of a URL. */

import { Problem } from "../contract/problem.ts";
import { repeatedName, unknownName } from "./unknown_name.ts";

/** A user_id of 256 characters needs at most 2,304, when every byte is percent-encoded. */
const MAX_QUERY_LENGTH = 4096;
const MAX_PARAMETERS = 8;

/**
 * Returns the value of each parameter. Refuses every name that is not in `known`: a misspelt
 * `user_id` would otherwise turn 1:1 into 1:N.
 *
 * Does not use `new URL`: it replaces bytes that are not UTF-8, so that two different values could
 * become equal.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const parameters = parseQuery("http://localhost/authenticate?user_id=Zo%C3%AB", ["user_id"]);
 * assertEquals(parameters.get("user_id"), "Zoë");
 * assertThrows(() => parseQuery("http://localhost/?userid=1", ["user_id"]), Error, "Unknown");
 * ```
 *
 * @throws {Problem} `invalid_request` for an unknown, repeated or badly encoded parameter, and for a
 * fragment
 */
export function parseQuery(url: string, known: readonly string[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  // Such a request is malformed. Hono ignores the rest of the URL, which can hold a parameter.
  if (url.includes("#")) {
    throw new Problem("invalid_request", "The URL has a fragment; write the character # as %23");
  }
  const start = url.indexOf("?");
  if (start < 0) return parameters;
  const query = url.slice(start + 1);
  if (query.length > MAX_QUERY_LENGTH) {
    throw new Problem(
      "invalid_request",
      `The query is longer than ${MAX_QUERY_LENGTH} characters`,
    );
  }
  const pairs = query.split("&", MAX_PARAMETERS + 1);
  if (pairs.length > MAX_PARAMETERS) {
    throw new Problem("invalid_request", `The query has more than ${MAX_PARAMETERS} parameters`);
  }
  for (const pair of pairs) {
    if (pair === "") continue;
    const [encoded] = pair.split("=", 1);
    const name = decode(encoded!);
    if (!known.includes(name)) throw unknownName("query parameter", name, known);
    if (parameters.has(name)) throw repeatedName("query parameter", name);
    parameters.set(name, decode(pair.slice(encoded!.length + 1)));
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new Problem(
      "invalid_request",
      "The query is not percent-encoded UTF-8; write a percent sign as %25",
    );
  }
}
