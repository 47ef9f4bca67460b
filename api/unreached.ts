/** Tells a call that never reached its server from one that may have. */

/** Codes of errors at connecting: no byte of the request was sent. */
const UNREACHED_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** True when a failed HTTP call never reached the server, by the error's code or its cause's code. */
export function isUnreached(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string" && UNREACHED_CODES.has(error.code)) {
    return true;
  }
  return isUnreached(error.cause);
}
