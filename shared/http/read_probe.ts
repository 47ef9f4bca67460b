/** Reads the probe of a request. The api and the worker both do this first. */

import { Problem } from "../contract/problem.ts";
import { freeAtEnd } from "../free_at_end.ts";
import { maxBodyBytes, parseProbe, type Probe } from "./parse_probe.ts";
import { readBody } from "./read_body.ts";

/** Bounds on a request. */
export interface ProbeLimits {
  readonly maxImageBytes: number;
  readonly bodyTimeoutMs: number;
  /** Stops reading, for example because the client has disconnected. */
  readonly signal: AbortSignal;
  /** True when the body may not have a user_id. */
  readonly pictureOnly?: boolean;
  /** Called with the size of every piece that arrives. An error that it throws stops reading. */
  readonly arrived?: (bytes: number) => void;
}

/**
 * Reads the body within its limits and finds the picture in it.
 *
 * @param query The parameters of the URL's query
 * @throws {Problem} as {@linkcode readBody} and {@linkcode parseProbe} do, and
 * `unsupported_media_type` for a compressed body
 */
export async function readProbe(
  request: Request,
  query: Pick<ReadonlyMap<string, string>, "get">,
  limits: ProbeLimits,
): Promise<Probe> {
  refuseCompression(request);
  const contentType = request.headers.get("Content-Type") ?? "";
  const body = await readBody(request, {
    ...limits,
    maxBytes: maxBodyBytes(contentType, limits.maxImageBytes),
    timeoutMs: limits.bodyTimeoutMs,
  });
  using bodyMemory = new DisposableStack();
  bodyMemory.use(freeAtEnd(body));
  const probe = parseProbe({
    body,
    contentType,
    queryUserId: query.get("user_id"),
    queryClientRef: query.get("client_ref"),
    maxImageBytes: limits.maxImageBytes,
    pictureOnly: limits.pictureOnly,
  });
  // The picture may be a part of the body.
  if (probe.image.buffer === body.buffer) bodyMemory.move();
  return probe;
}

/**
 * Refuses a compressed body.
 *
 * @throws {Problem} `unsupported_media_type`
 */
export function refuseCompression(request: Request): void {
  const encoding = request.headers.get("Content-Encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity") return;
  throw new Problem(
    "unsupported_media_type",
    "The body has a Content-Encoding; send it without compression",
  );
}
