/** Reads the probe of a request. The api and the worker both do this first. */

import { maxBodyBytes, parseProbe, type Probe } from "./parse_probe.ts";
import { readBody } from "./read_body.ts";

/** Bounds on a request. */
export interface ProbeLimits {
  readonly maxImageBytes: number;
  readonly bodyTimeoutMs: number;
  /** Stops reading, for example because the client has disconnected. */
  readonly signal: AbortSignal;
  /** Called with the size of every piece that arrives. An error that it throws stops reading. */
  readonly arrived?: (bytes: number) => void;
}

/**
 * Reads the body within its limits and finds the picture in it.
 *
 * @throws {Problem} as {@linkcode readBody} and {@linkcode parseProbe} do
 */
export async function readProbe(request: Request, limits: ProbeLimits): Promise<Probe> {
  const contentType = request.headers.get("Content-Type") ?? "";
  const body = await readBody(request, {
    ...limits,
    maxBytes: maxBodyBytes(contentType, limits.maxImageBytes),
    timeoutMs: limits.bodyTimeoutMs,
  });
  return await parseProbe({
    body,
    contentType,
    queryUserIds: query(request.url).getAll("user_id"),
    maxImageBytes: limits.maxImageBytes,
  });
}

/**
 * Returns the query of a request's URL. Does not use `new URL`: the URL contains the raw Host
 * header, and `new URL` rejects some Host headers, such as "x:99999".
 */
function query(url: string): URLSearchParams {
  return new URLSearchParams(/^\w+:\/\/[^/]*\/[^?]*(\?.*)/s.exec(url)?.[1]);
}
