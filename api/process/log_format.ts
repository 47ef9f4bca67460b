/** The form of the log of a process that the api starts. */

import type { LogOptions } from "../../shared/log.ts";

/**
 * Returns LOG_FORMAT for a process that the api starts. Its standard error is the api's, so it is
 * "pretty" where the api's is.
 */
export function startedLogFormat({ format }: Pick<LogOptions, "format">): LogOptions["format"] {
  return format === "auto" && Deno.stderr.isTerminal() ? "pretty" : format;
}
