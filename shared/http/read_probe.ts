/** Reads the probe that a request carries: what the api and the worker both do first. */

import { maxBodyBytes, parseProbe, type Probe } from "./parse_probe.ts";
import { readBody } from "./read_body.ts";

/** Bounds on a request. */
export interface ProbeLimits {
  readonly maxImageBytes: number;
  readonly bodyTimeoutMs: number;
  /** Ends the reading early. */
  readonly signal: AbortSignal;
  /** Is told of every piece of the body; what it throws ends the reading. */
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

/** The address has the Host header in it as it came: "x:99999" makes it none for `URL`. */
function query(url: string): URLSearchParams {
  return new URLSearchParams(/^\w+:\/\/[^/]*\/[^?]*(\?.*)/s.exec(url)?.[1]);
}
