/** Reads a part of a URL's path. */

import { Problem } from "../contract/problem.ts";

/**
 * Returns a part of a path, decoded. The router's own decoding leaves a malformed part as it is, and
 * would take two different paths for the same one.
 *
 * @param url The URL of a request, as it was sent
 * @param index Number of the part, beginning with 0
 * @throws {Problem} `invalid_request` for a part that is not percent-encoded UTF-8
 */
export function pathParameter(url: string, index: number): string {
  const path = url.slice(url.indexOf("/", url.indexOf("//") + 2) + 1).split(/[?#]/, 1)[0]!;
  try {
    return decodeURIComponent(path.split("/")[index] ?? "");
  } catch {
    throw new Problem(
      "invalid_request",
      "The path is not percent-encoded UTF-8; write a percent sign as %25",
    );
  }
}
