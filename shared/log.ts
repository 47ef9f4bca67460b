/** Writes structured logs to standard error: as JSON, or as readable text on a terminal. */

import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

/** A logger of pino: its methods take the fields first, then the message. */
export type Logger = PinoLogger;

/** Settings of {@linkcode createLogger}. */
export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  readonly format: "auto" | "json" | "pretty";
  /** Name of the service, in every line. */
  readonly service: string;
}

/**
 * Makes a logger. It does not buffer: a line is written before the next statement runs, so no line is
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

/** Describes an error for the log: only its name and message, and those of its causes. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${describeError(error.cause)}`;
  return `${error.name}: ${error.message}${cause}`;
}
