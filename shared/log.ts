/** Writes structured logs to standard error: as JSON, or as readable text on a terminal. */

import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";
import { safeLogLine } from "./safe_log_line.ts";

/** A logger of pino: its methods take the fields first, then the message. */
export type Logger = PinoLogger;

/** Settings of {@linkcode createLogger}. */
export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  readonly format: "auto" | "json" | "pretty";
  /** Name of the service, in every line. */
  readonly service: string;
}

/** Settings that every logger has: the names of the levels, and lines that are safe to show. */
export const LINE_OPTIONS = {
  formatters: { level: (label: string) => ({ level: label }) },
  hooks: { streamWrite: safeLogLine },
} as const;

/** Longest description of an error, in characters. */
const MAX_DESCRIPTION = 1000;
/** Largest number of causes that a description has. */
const MAX_CAUSES = 8;
/** Text that the parser of JSON quotes in its errors: it may be a part of a picture or a key. */
const QUOTED_JSON = /(?:, )?(?:\.{3})?"[^]*"(?:\.{3})? is not valid JSON/;

/**
 * Makes a logger. It does not buffer: a line is written before the next statement runs, so no line is
 * lost when the process is killed.
 *
 * @param options Settings
 * @param output File descriptor or path to write to instead of standard error
 * @param onLost Called when nobody reads the log any more: its lines are lost from then on. Not called for
 * readable text
 */
export async function createLogger(
  options: LogOptions,
  output: number | string = 2,
  onLost: () => void = () => {},
): Promise<Logger> {
  return pino({
    ...LINE_OPTIONS,
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
  }, await destination(options.format, output, onLost));
}

/** True when the log is text for a terminal instead of JSON. */
export const isPretty = (format: LogOptions["format"]): boolean =>
  format === "pretty" || (format === "auto" && Deno.stderr.isTerminal());

async function destination(
  format: LogOptions["format"],
  output: number | string,
  onLost: () => void,
): Promise<DestinationStream> {
  if (!isPretty(format)) {
    const stream = pino.destination({ dest: output, sync: true });
    stream.on("error", (error: Error & { code?: string }) => {
      // pino writes nothing any more after this error, and says nothing.
      if (error.code !== "EPIPE") throw error;
      onLost();
    });
    return stream;
  }
  const { default: pinoPretty } = await import("pino-pretty");
  return pinoPretty({ destination: output, sync: true, ignore: "service", singleLine: true });
}

/**
 * Describes an error for the log: only its name and message, and those of its causes. Leaves out a
 * cause whose message the message before repeats.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  let before = "";
  for (let depth = 0; current instanceof Error && depth < MAX_CAUSES; depth++) {
    const message = messageOf(current);
    if (message === "" || !before.includes(message)) {
      parts.push(`${current.name}: ${message}`);
      before = message;
    }
    if (current.cause === undefined) return bounded(parts);
    current = current.cause;
  }
  if (!(current instanceof Error)) parts.push(String(current));
  return bounded(parts);
}

/** Returns the places in the code at which an error happened, without its message. */
export function stackOf(error: Error): string[] {
  const lines = (error.stack ?? "").split("\n").map((line) => line.trim());
  return lines.filter((line) => /^at .*:\d+:\d+\)?$/.test(line)).slice(0, 20);
}

const bounded = (parts: readonly string[]): string => parts.join(": ").slice(0, MAX_DESCRIPTION);

function messageOf(error: Error): string {
  if (!(error instanceof SyntaxError)) return error.message;
  return error.message.replace(QUOTED_JSON, " in JSON");
}
