/** Finds out whether a failed call can have reached its server. */

/** Codes of errors that happen while connecting: no byte of the request was sent. */
const UNREACHED_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** True when the code of an error or its cause means that the call never reached the server. */
export function isUnreached(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string" && UNREACHED_CODES.has(error.code)) {
    return true;
  }
  return isUnreached(error.cause);
}
