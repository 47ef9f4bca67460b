/** Tells a call that was never made from one that failed. */

/** Errors at connecting: not a byte of the request has left. */
const UNREACHED_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether a failed HTTP call never reached the server, by its error's code or its cause's. */
export function isUnreached(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string" && UNREACHED_CODES.has(error.code)) {
    return true;
  }
  return isUnreached(error.cause);
}
