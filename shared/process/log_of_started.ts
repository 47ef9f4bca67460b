/** The log of a process that another process of the service starts. */

import type { LogOptions } from "../log.ts";

/**
 * Returns LOG_FORMAT for a process that this one starts. Its standard error is this process's, so it
 * is "pretty" where this process's is.
 */
export function startedLogFormat({ format }: Pick<LogOptions, "format">): LogOptions["format"] {
  return format === "auto" && Deno.stderr.isTerminal() ? "pretty" : format;
}

/**
 * Returns LOG_LEVEL for a process that this one starts. At level info, this process logs each request
 * already. The line of the other process would only repeat that.
 *
 * @param level LOG_LEVEL of this process
 */
export function quietLogLevel(level: string | undefined): string {
  return level === undefined || level === "" || level === "info" ? "warn" : level;
}
