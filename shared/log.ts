/** Structured logs on standard error: JSON, pretty on a terminal. */

import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

/** A logger: pino's, so that fields come before the message. */
export type Logger = PinoLogger;

/** Settings of {@linkcode createLogger}. */
export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  readonly format: "auto" | "json" | "pretty";
  /** The service's name, in every line. */
  readonly service: string;
}

/**
 * Makes a logger. Nothing is buffered: a line is out before the next statement runs, so none is
 * lost when the process is killed.
 */
export async function createLogger(options: LogOptions): Promise<Logger> {
  return pino({
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  }, await destination(options.format));
}

async function destination(format: LogOptions["format"]): Promise<DestinationStream> {
  const pretty = format === "pretty" || (format === "auto" && Deno.stderr.isTerminal());
  if (!pretty) return pino.destination({ fd: 2, sync: true });
  const { default: pinoPretty } = await import("pino-pretty");
  return pinoPretty({ destination: 2, sync: true, ignore: "service", singleLine: true });
}

/** What a log may say of an error: its name and message, and those of its causes, no properties. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${describeError(error.cause)}`;
  return `${error.name}: ${error.message}${cause}`;
}
